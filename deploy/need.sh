#!/usr/bin/env bash
# What Veladora needs from the system is there, or you are told what is missing, why, and how to get it.
#
#   bash deploy/need.sh [venv] [tor] [exiftool] [openssl] [minisign] [node] [firefox] [disk] [sandbox]
#
# Debian's packages only, and only the ones that are missing. Root installs them; anybody else is asked before sudo is
# used; where nobody can be asked, the exact command is printed and nothing is changed.
# PYTHON names the interpreter (default: python3).
set -euo pipefail

readonly TOR_AT_LEAST=0.4.8
readonly FIREFOX_AT_LEAST=153
readonly APT=(apt-get -q -o DPkg::Lock::Timeout=300)
readonly POLICY=/usr/sbin/policy-rc.d

packages=()
policy_placed=

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "need: $1"
    say "      -> $2"
    exit 1
}

# --- what is missing ---------------------------------------------------------------------------------------------

tor_trouble() {
    command -v tor >/dev/null || { echo "tor is not installed"; return; }
    local version
    version=$(tor --version | sed -n '1s/^Tor version \([0-9.]*[0-9]\).*/\1/p')
    if [ -z "$version" ] || dpkg --compare-versions "$version" lt "$TOR_AT_LEAST"; then
        echo "tor ${version:-of an unknown version} is older than $TOR_AT_LEAST"
    elif ! tor --list-modules | grep -qx 'pow: yes'; then
        echo "tor $version was built without proof-of-work defences"
    fi
}

need_tor() {
    local trouble
    trouble=$(tor_trouble)
    [ -z "$trouble" ] || want tor "$trouble; reports travel over Tor, and the tests and the demo run a private Tor network"
}

need_exiftool() {
    command -v exiftool >/dev/null ||
        want libimage-exiftool-perl "exiftool is not installed; the tests use it to look for what our own cleaner may have left in a photo"
}

need_openssl() {
    command -v openssl >/dev/null ||
        want openssl "openssl is not installed; the tests check with it that partners can verify a delivery by standard tools"
}

need_minisign() {
    command -v minisign >/dev/null ||
        want minisign "minisign is not installed; the tests check with it that anybody can verify published alerts"
}

need_node() {
    local major=0
    command -v node >/dev/null && major=$(node --version | sed -n 's/^v\([0-9]*\).*/\1/p')
    [ "$major" -ge 18 ] || want nodejs "node 18 or newer is not installed; the tests run the browser client in it"
    command -v npm >/dev/null || want npm "npm is not installed; it brings the browser client's pinned packages"
}

firefox_trouble() {
    command -v firefox-esr >/dev/null || { echo "firefox-esr is not installed"; return; }
    local version
    version=$(firefox-esr --version 2>/dev/null | sed -n 's/^Mozilla Firefox \([0-9.]*[0-9]\).*/\1/p')
    if [ -z "$version" ] || dpkg --compare-versions "$version" lt "$FIREFOX_AT_LEAST"; then
        echo "firefox-esr ${version:-of an unknown version} is older than $FIREFOX_AT_LEAST"
    fi
}

need_firefox() {
    local trouble
    trouble=$(firefox_trouble)
    [ -z "$trouble" ] || want firefox-esr "$trouble; the tests drive it with Tor Browser's settings"
}

need_sandbox() {
    command -v bwrap >/dev/null ||
        want bubblewrap "bubblewrap is not installed; a desk opens what strangers sent inside of it"
    command -v mat2 >/dev/null ||
        want mat2 "mat2 is not installed; a desk cleans office documents, sound and film with it"
    command -v pdftoppm >/dev/null ||
        want poppler-utils "pdftoppm is not installed; a desk makes pictures of the pages of a PDF with it"
}

need_disk() {
    command -v mkfs.ext4 >/dev/null || [ -x /sbin/mkfs.ext4 ] ||
        want e2fsprogs "mkfs.ext4 is not installed; the seizure run gives each relay a disk of its own"
}

need_venv() {
    local python=${PYTHON:-python3} version
    command -v "$python" >/dev/null || fail "there is no $python" "apt-get install python3 python3-venv"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Veladora needs Python 3.11 or newer, and $python is $version" \
            "install a newer one and say: make PYTHON=/path/to/python3.11 ..."
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    case $("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))') in
        /usr/bin/*) want "python$version-venv" "$python cannot make virtual environments; everything Python goes into .venv, never into the system" ;;
        *) fail "$python cannot make virtual environments (ensurepip is missing)" "install Python with ensurepip, or say: make PYTHON=/usr/bin/python3 ..." ;;
    esac
}

want() {
    packages+=("$1")
    say "missing: $1"
    say "    why: $2"
}

# --- installing it -----------------------------------------------------------------------------------------------

candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p'; }

candidate_is_good() {
    local version
    version=$(candidate "$1")
    [ -n "$version" ] && [ "$version" != "(none)" ] || return 1
    case $1 in
        tor) dpkg --compare-versions "$version" ge "$TOR_AT_LEAST" ;;
        firefox-esr) dpkg --compare-versions "$version" ge "$FIREFOX_AT_LEAST" ;;
    esac
}

# Debian starts a system tor as soon as the package is unpacked. Veladora runs tor processes of its own, so a tor that
# came only because of us must not make connections by itself. The file answers for tor alone and only while this
# script lives; one that is already there is the machine's own and is left alone.
keep_new_tor_quiet() {
    if [ ! -e "$POLICY" ]; then
        policy_placed=yes
        trap 'rm -f "$POLICY"' EXIT
        trap 'exit 130' INT TERM HUP
        printf '#!/bin/sh\n# Put here by deploy/need.sh (process %s) while it installs tor; may be deleted.\n' $$ >"$POLICY"
        printf 'case "$1" in tor|tor.service) kill -0 %s 2>/dev/null && exit 101 ;; esac\nexit 0\n' $$ >>"$POLICY"
        chmod 755 "$POLICY"
    fi
}

install_as_root() {
    local tor_is_new= package
    export DEBIAN_FRONTEND=noninteractive
    # An old list offers what Debian has mended since, or names files that are gone.
    "${APT[@]}" update >&2 || say "Debian's lists could not be fetched; going on with the ones that are here"
    for package in "$@"; do
        candidate_is_good "$package" ||
            fail "Debian offers no fitting $package here (candidate: $(candidate "$package"))" \
                "enable bookworm-security, or for tor follow https://support.torproject.org/apt/"
    done
    case " $* " in *" tor "*) command -v tor >/dev/null || { tor_is_new=yes; keep_new_tor_quiet; } ;; esac
    "${APT[@]}" install -y --no-install-recommends "$@" >&2
    if [ -n "$tor_is_new" ]; then
        update-rc.d tor disable >&2 || say "could not switch off Debian's own tor service; Veladora does not use it"
        say "Debian's own tor service was left stopped and switched off: Veladora starts tor processes of its own."
        say "    -> if you want it for something else: systemctl enable --now tor"
    fi
    [ -z "$policy_placed" ] || rm -f "$POLICY"
}

install_missing() {
    local by_hand="apt-get update && apt-get install --no-install-recommends ${packages[*]}" answer
    command -v apt-get >/dev/null ||
        fail "this is not Debian, so nothing was installed" "install by your system's own means: ${packages[*]}"
    if [ "$(id -u)" = 0 ]; then
        say "installing with apt-get: ${packages[*]}"
        install_as_root "${packages[@]}"
    elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
        read -r -p "Install ${packages[*]} with apt-get now? sudo will ask for your password. [y/N] " answer
        case $answer in
            [yYsS]*) sudo "$BASH" "${BASH_SOURCE[0]}" --as-root "${packages[@]}" ;;
            *) fail "nothing was installed" "as root: $by_hand" ;;
        esac
    elif [ -n "${CI:-}" ] && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        say "installing with sudo apt-get: ${packages[*]}"
        sudo -n "$BASH" "${BASH_SOURCE[0]}" --as-root "${packages[@]}"
    else
        fail "not root, and nobody to ask" "as root: $by_hand"
    fi
}

if [ "${1:-}" = --as-root ]; then
    shift
    install_as_root "$@"
    exit 0
fi
for name in "$@"; do
    case $name in
        venv | tor | exiftool | openssl | minisign | node | firefox | disk | sandbox) "need_$name" ;;
        *) fail "unknown need: $name" "bash deploy/need.sh [venv] [tor] [exiftool] [openssl] [minisign] [node] [firefox] [disk] [sandbox]" ;;
    esac
done
[ ${#packages[@]} = 0 ] && exit 0
install_missing
for name in "$@"; do
    packages=()
    "need_$name"
    [ ${#packages[@]} = 0 ] || fail "installed, but $name is still not usable" "look at apt-get's words above"
done
