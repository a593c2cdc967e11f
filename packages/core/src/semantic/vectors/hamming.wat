;; Hamming distances of 512-bit signatures, which of them are near, and how they are made.
;; hamming.generated.ts is made of this file by scripts/generate-hamming.mjs.
;;
;; Memory (see layout.ts):
;;      0  the query's signature, 64 bytes
;;     64  what `near` found: position, then the distance of the first half and of the whole, u32, u16 and u16
;;  34880  blocks of 256 signatures: 8192 bytes of first halves, then 8192 bytes of second halves
(module
  (memory (export "memory") 1)

  ;; Of the `count` (1 to 256) signatures of the block at `at`, those whose first half has a distance of at most `high`: writes to `out`
  ;; their positions, counted from `position` on, and their distances. Returns where the next one goes. Popcounts of i64, for those of
  ;; v128 took half as long again on x86.
  (func (export "near") (param $at i32) (param $count i32) (param $position i32) (param $high i32) (param $out i32) (result i32)
    (local $p i32) (local $end i32) (local $distance i32) (local $found i32)
    (local $q0 i64) (local $q1 i64) (local $q2 i64) (local $q3 i64)
    (local.set $q0 (i64.load offset=0 (i32.const 0)))
    (local.set $q1 (i64.load offset=8 (i32.const 0)))
    (local.set $q2 (i64.load offset=16 (i32.const 0)))
    (local.set $q3 (i64.load offset=24 (i32.const 0)))
    (local.set $p (local.get $at))
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 5))))
    (local.set $found (local.get $out))
    ;; Each one is written where the next goes, which moves on where it is near: a branch would be guessed wrong too often.
    (loop $next
      (local.set $distance
        (i32.wrap_i64
          (i64.add
            (i64.add
              (i64.popcnt (i64.xor (local.get $q0) (i64.load offset=0 (local.get $p))))
              (i64.popcnt (i64.xor (local.get $q1) (i64.load offset=8 (local.get $p)))))
            (i64.add
              (i64.popcnt (i64.xor (local.get $q2) (i64.load offset=16 (local.get $p))))
              (i64.popcnt (i64.xor (local.get $q3) (i64.load offset=24 (local.get $p))))))))
      (i32.store (local.get $found) (local.get $p))
      (i32.store16 offset=4 (local.get $found) (local.get $distance))
      (local.set $found
        (i32.add (local.get $found) (i32.shl (i32.le_u (local.get $distance) (local.get $high)) (i32.const 3))))
      (local.set $p (i32.add (local.get $p) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    (local.set $q0 (i64.load offset=32 (i32.const 0)))
    (local.set $q1 (i64.load offset=40 (i32.const 0)))
    (local.set $q2 (i64.load offset=48 (i32.const 0)))
    (local.set $q3 (i64.load offset=56 (i32.const 0)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $out) (local.get $found)))
        (local.set $p (i32.load (local.get $out)))
        (i32.store (local.get $out)
          (i32.add (local.get $position) (i32.shr_u (i32.sub (local.get $p) (local.get $at)) (i32.const 5))))
        (i32.store16 offset=6 (local.get $out)
          (i32.add
            (i32.load16_u offset=4 (local.get $out))
            (i32.wrap_i64
              (i64.add
                (i64.add
                  (i64.popcnt (i64.xor (local.get $q0) (i64.load offset=8192 (local.get $p))))
                  (i64.popcnt (i64.xor (local.get $q1) (i64.load offset=8200 (local.get $p)))))
                (i64.add
                  (i64.popcnt (i64.xor (local.get $q2) (i64.load offset=8208 (local.get $p))))
                  (i64.popcnt (i64.xor (local.get $q3) (i64.load offset=8216 (local.get $p)))))))))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (br $next)))
    (local.get $out))

  ;; Walsh-Hadamard transform in place of the `size` (a power of two from 8 on) f32 at `at`, without its factor.
  (func $transform (param $at i32) (param $size i32)
    (local $p i32) (local $end i32) (local $step i32) (local $stop i32) (local $v v128) (local $w v128)
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $size) (i32.const 2))))
    ;; Neighbours, then every second one, within four.
    (local.set $p (local.get $at))
    (loop $four
      (local.set $v (v128.load (local.get $p)))
      (local.set $v
        (f32x4.add
          (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v) (local.get $v))
          (f32x4.mul (local.get $v) (v128.const f32x4 1 -1 1 -1))))
      (v128.store (local.get $p)
        (f32x4.add
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v))
          (f32x4.mul (local.get $v) (v128.const f32x4 1 1 -1 -1))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br_if $four (i32.lt_u (local.get $p) (local.get $end))))
    (local.set $step (i32.const 16))
    (loop $round
      (local.set $p (local.get $at))
      (loop $run
        (local.set $stop (i32.add (local.get $p) (local.get $step)))
        (loop $next
          (local.set $v (v128.load (local.get $p)))
          (local.set $w (v128.load (i32.add (local.get $p) (local.get $step))))
          (v128.store (i32.add (local.get $p) (local.get $step)) (f32x4.sub (local.get $v) (local.get $w)))
          (v128.store (local.get $p) (f32x4.add (local.get $v) (local.get $w)))
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $p) (local.get $stop))))
        (local.set $p (i32.add (local.get $p) (local.get $step)))
        (br_if $run (i32.lt_u (local.get $p) (local.get $end))))
      (local.set $step (i32.shl (local.get $step) (i32.const 1)))
      (br_if $round (i32.lt_u (i32.add (local.get $at) (local.get $step)) (local.get $end)))))

  ;; Writes the signature of a vector to where the query's lies. At `at` lie four times `size` (a power of two from 512 on) f32: the
  ;; vector, whose place is used up, its centre, and the random signs of the first and of the second round, each 1 or -1.
  (func (export "sign") (param $at i32) (param $size i32)
    (local $p i32) (local $q i32) (local $end i32) (local $bytes i32)
    (local.set $bytes (i32.shl (local.get $size) (i32.const 2)))
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (local.set $p (local.get $at))
    (loop $next
      (local.set $q (i32.add (local.get $p) (local.get $bytes)))
      (v128.store (local.get $p)
        (f32x4.mul
          (f32x4.sub (v128.load (local.get $p)) (v128.load (local.get $q)))
          (v128.load (i32.add (local.get $q) (local.get $bytes)))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    (call $transform (local.get $at) (local.get $size))
    (local.set $bytes (i32.mul (local.get $bytes) (i32.const 3)))
    (local.set $p (local.get $at))
    (loop $next
      (v128.store (local.get $p)
        (f32x4.mul (v128.load (local.get $p)) (v128.load (i32.add (local.get $p) (local.get $bytes)))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    ;; Of the second transform the first 512 are wanted: those of the sums of all parts that lie 512 apart.
    (local.set $p (i32.add (local.get $at) (i32.const 2048)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (local.set $q
          (i32.add (local.get $at) (i32.and (i32.sub (local.get $p) (local.get $at)) (i32.const 2047))))
        (v128.store (local.get $q) (f32x4.add (v128.load (local.get $q)) (v128.load (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (br $next)))
    (call $transform (local.get $at) (i32.const 512))
    (local.set $p (local.get $at))
    (local.set $q (i32.const 0))
    (loop $next
      (i32.store8 (local.get $q)
        (i32.xor (i32.const 255)
          (i32.or
            (i32x4.bitmask (v128.load (local.get $p)))
            (i32.shl (i32x4.bitmask (v128.load offset=16 (local.get $p))) (i32.const 4)))))
      (local.set $p (i32.add (local.get $p) (i32.const 32)))
      (local.set $q (i32.add (local.get $q) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $q) (i32.const 64))))))
