;; Hamming distances of 512-bit signatures, and which of them are near. Plain WebAssembly, no SIMD: runs wherever WebAssembly does.
;; hamming.generated.ts is made of this file by scripts/generate-hamming.mjs.
;;
;; Memory (see layout.ts):
;;      0  the query's signature, 64 bytes
;;     64  histogram: how many signatures have distance 0 to 512, 513 u32
;;   4096  positions that `collect` found, u32 each
;;  20480  blocks of 256 signatures: 16384 bytes of signatures, then their distances, 256 u16
(module
  (memory (export "memory") 1)

  ;; Writes the distance of each of the `count` (1 to 256) signatures of the block at `at`, counts them in the histogram,
  ;; and returns the least.
  (func (export "distances") (param $at i32) (param $count i32) (result i32)
    (local $out i32) (local $end i32) (local $distance i32) (local $least i32) (local $bucket i32)
    (local $q0 i64) (local $q1 i64) (local $q2 i64) (local $q3 i64)
    (local $q4 i64) (local $q5 i64) (local $q6 i64) (local $q7 i64)
    (local.set $q0 (i64.load offset=0 (i32.const 0)))
    (local.set $q1 (i64.load offset=8 (i32.const 0)))
    (local.set $q2 (i64.load offset=16 (i32.const 0)))
    (local.set $q3 (i64.load offset=24 (i32.const 0)))
    (local.set $q4 (i64.load offset=32 (i32.const 0)))
    (local.set $q5 (i64.load offset=40 (i32.const 0)))
    (local.set $q6 (i64.load offset=48 (i32.const 0)))
    (local.set $q7 (i64.load offset=56 (i32.const 0)))
    (local.set $out (i32.add (local.get $at) (i32.const 16384)))
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 6))))
    (local.set $least (i32.const 512))
    (loop $next
      (local.set $distance
        (i32.wrap_i64
          (i64.add
            (i64.add
              (i64.add
                (i64.popcnt (i64.xor (local.get $q0) (i64.load offset=0 (local.get $at))))
                (i64.popcnt (i64.xor (local.get $q1) (i64.load offset=8 (local.get $at)))))
              (i64.add
                (i64.popcnt (i64.xor (local.get $q2) (i64.load offset=16 (local.get $at))))
                (i64.popcnt (i64.xor (local.get $q3) (i64.load offset=24 (local.get $at))))))
            (i64.add
              (i64.add
                (i64.popcnt (i64.xor (local.get $q4) (i64.load offset=32 (local.get $at))))
                (i64.popcnt (i64.xor (local.get $q5) (i64.load offset=40 (local.get $at)))))
              (i64.add
                (i64.popcnt (i64.xor (local.get $q6) (i64.load offset=48 (local.get $at))))
                (i64.popcnt (i64.xor (local.get $q7) (i64.load offset=56 (local.get $at)))))))))
      (i32.store16 (local.get $out) (local.get $distance))
      (local.set $bucket (i32.shl (local.get $distance) (i32.const 2)))
      (i32.store offset=64 (local.get $bucket)
        (i32.add (i32.load offset=64 (local.get $bucket)) (i32.const 1)))
      (local.set $least
        (select (local.get $distance) (local.get $least) (i32.lt_u (local.get $distance) (local.get $least))))
      (local.set $out (i32.add (local.get $out) (i32.const 2)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $least))

  ;; Writes to `out` the positions, counted from `position` on, of those of the block's `count` (1 to 256) signatures whose distance
  ;; is above `low` and at most `high`. Returns where the next one goes. Uses 4 bytes more than it keeps.
  (func (export "collect") (param $at i32) (param $count i32) (param $position i32) (param $low i32) (param $high i32) (param $out i32) (result i32)
    (local $end i32) (local $span i32)
    (local.set $at (i32.add (local.get $at) (i32.const 16384)))
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 1))))
    (local.set $span (i32.sub (local.get $high) (local.get $low)))
    (local.set $low (i32.add (local.get $low) (i32.const 1)))
    (loop $next
      (i32.store (local.get $out) (local.get $position))
      (local.set $out
        (i32.add (local.get $out)
          (i32.shl
            (i32.lt_u (i32.sub (i32.load16_u (local.get $at)) (local.get $low)) (local.get $span))
            (i32.const 2))))
      (local.set $position (i32.add (local.get $position) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $out)))
