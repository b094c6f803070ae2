#!/usr/bin/env bash
# Brings a Debian 12 machine, fresh or not, to where this tree builds and passes its tests.
#
#   lima/provision.sh            everything
#   lima/provision.sh --build    what building and running the plugin needs, and Nushell
#
# It serves the README's two commands, the virtual machine of ebpf.yaml and CI alike. Where all is
# already there it only looks, in well under a second. Run it as root, or as a user who may sudo.
# Nushell comes from npm into ${XDG_CACHE_HOME:-~/.cache}/nu_plugin_ebpf/nushell/VERSION.
set -euo pipefail

nushell_versions=(0.115.1)
packages=(
  g++ cmake ninja-build pkg-config ccache ca-certificates
  clang llvm bpftool libbpf-dev zlib1g-dev            # the kernel object and its loader
  libelf-dev libdw-dev liblzma-dev                    # symbols and debug information
  libmsgpack-cxx-dev libboost-dev                     # the plugin's wire and event loop
  nodejs npm
)
test_packages=(
  libgtest-dev python3 clang-format clang-tidy git
  bpftrace systemtap-sdt-dev                          # the comparison, markers to trace
  qemu-system-x86 busybox-static cpio xz-utils        # guests with other kernels
  chromium                                            # pictures, looked at
)

case ${1:-} in
  '' | --test)
    packages+=("${test_packages[@]}")
    nushell_versions+=(0.108.0)
    ;;
  --build) ;;
  *)
    echo "usage: lima/provision.sh [--build | --test]" >&2
    exit 2
    ;;
esac

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  fi
}

install_packages() {
  local missing=() package status
  for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    if [[ $status == installed ]]; then continue; fi
    # A machine with a newer Node.js than Debian's has npm without the package of that name.
    case $package in
      nodejs) if command -v node >/dev/null; then continue; fi ;;
      npm) if command -v npm >/dev/null; then continue; fi ;;
    esac
    missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  echo "provision: installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get -qq update
  as_root apt-get -qq install -y --no-install-recommends "${missing[@]}" >&2
}

install_nushell() {
  local version=$1 prefix=${XDG_CACHE_HOME:-$HOME/.cache}/nu_plugin_ebpf/nushell/$1
  if [[ -x $prefix/nu ]]; then return; fi
  echo "provision: installing Nushell $version" >&2
  mkdir -p "$prefix"
  npm install --loglevel=error --no-audit --no-fund --prefix "$prefix" "nushell@$version" >&2
  # The package named nushell only starts the one for this platform; scripts want the program.
  ln -sfn "$(find "$prefix/node_modules/@nushell" -path '*/bin/nu' -type f | head -1)" "$prefix/nu"
}

install_packages
for version in "${nushell_versions[@]}"; do
  install_nushell "$version"
done
