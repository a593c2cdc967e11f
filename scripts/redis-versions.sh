#!/bin/sh
# Brings Redis 8 and Valkey 8.1 of Debian 13 next to whatever this machine has, for tests on several versions: nothing is
# installed, packages are unpacked into a folder together with the libraries that they want. Debian and Ubuntu, amd64 or arm64.
#
#   scripts/redis-versions.sh          prints '<name> <command>' a line; quick when everything is there
#
# LLM_CACHE_SERVERS: where to keep them. Default: ~/.cache/llm-cache-servers
# DEBIAN_MIRROR: where they come from. Default: Debian's own
set -eu

folder="${LLM_CACHE_SERVERS:-$HOME/.cache/llm-cache-servers}"
case "$(dpkg --print-architecture)" in
  amd64) triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
  *) echo "No servers for this architecture." >&2 && exit 1 ;;
esac
libraries="libc6 libatomic1 libjemalloc2 liblzf1 libssl3t64 libsystemd0 libcap2 libstdc++6 libgcc-s1 libzstd1 zlib1g liblua5.1-0 lua-bitop lua-cjson libhiredis1.1.0 libgcrypt20 libgpg-error0 liblzma5 liblz4-1"

apt_lists() {
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/apt/none"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] || { echo "Install debian-archive-keyring first." >&2 && exit 1; }
  printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" > "$folder/apt/sources.list"
  : > "$folder/apt/status"
  cat > "$folder/apt/apt.conf" <<CONF
Dir::State::lists "$folder/apt/lists";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "$folder/apt/none";
CONF
  APT_CONFIG="$folder/apt/apt.conf" apt-get -qq update >&2
}

# unpack <name> <package>...: complete or not at all
unpack() {
  name=$1 && shift
  [ -x "$folder/$name/server" ] && return
  [ -f "$folder/apt/ready" ] || { apt_lists && : > "$folder/apt/ready"; }
  building="$folder/$name.$$"
  rm -rf "$building" && mkdir -p "$building/packages" "$building/root"
  for package in "$@" $libraries; do
    (cd "$building/packages" && APT_CONFIG="$folder/apt/apt.conf" apt-get -qq download "$package" >&2) || echo "without $package" >&2
  done
  for archive in "$building"/packages/*.deb; do dpkg -x "$archive" "$building/root"; done
  binary=$(cd "$building/root" && ls usr/bin/*-check-rdb | head -n 1)
  root="$folder/$name/root"
  start="$building/root/usr/lib/$triplet/$(basename $loader)"
  [ -e "$start" ] || { echo "No loader in libc6." >&2 && exit 1; }
  program="$root/${binary%-check-rdb}-server"
  cat > "$building/server" <<RUN
#!/bin/sh
exec "$root/usr/lib/$triplet/$(basename $loader)" --library-path "$root/usr/lib/$triplet:$root/lib/$triplet" "$program" "\$@"
RUN
  chmod +x "$building/server"
  rm -rf "$building/packages"
  rm -rf "${folder:?}/$name" && mv "$building" "$folder/$name"
  "$folder/$name/server" --version >&2
}

mkdir -p "$folder"
unpack redis-8 redis-server redis-tools
unpack valkey-8 valkey-server valkey-tools
rm -rf "$folder/apt"
echo "redis-8 $folder/redis-8/server"
echo "valkey-8 $folder/valkey-8/server"
