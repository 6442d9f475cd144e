# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts beside it: messages, packages, locks, and the kernel
# trees in the cache. Sourced, never run.
#
# The cache holds, per base tree NAME:
#   NAME/linux/   a git work tree; the tag "base" is the unpatched kernel
#   NAME/um/ ...  build directories
# Everything in it can be deleted at any time, except under a running script.
#
# Every script exits with 0 if all passed, 1 if a case or a check failed, 2 if it
# was used in a wrong way or packages are missing, 125 if nothing can be said (no
# sources, or they do not patch, build or boot), and 130 if it was interrupted:
# what "git bisect run" takes.

set -euo pipefail

# Of a hook or another git that runs this
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY \
	GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_PREFIX

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ME=${0##*/}
KVER=${ADDRMAP_LINUX:-7.3}
TESTED=(7.3.4 7.2.13)	# the first is what the series is made for
OLDEST=7.2 NEWEST=7.4
WITHOUT_FIXES=	# 1 to leave out the patches that fix the kernel
ONLY_FIXES=	# or a topic of patches/topics.tsv, to leave out those of all others
WITHOUT_FIX=${ADDRMAP_WITHOUT_FIX:-}	# or the subject of one, as scripts/series demonstrate --fix does
STABLE_URL=https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git

# Where a folder of this repository lies in a kernel tree
OVERLAY=(driver:mm/addrmap kunit:mm/tests selftests:tools/testing/selftests/mm
	documentation:Documentation/driver-api)

say() { printf '%s: %s\n' "$ME" "$*"; }
warn() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() { warn "$2"; exit "$1"; }

CACHE=$(realpath -m -- "${ADDRMAP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/addrmap}")

# shellcheck disable=SC2034 # for each --help
EXIT_STATUS="Exit status: 0 passed; 1 a case failed, or the kernel complained; 2 wrong use, or
packages are missing; 125 cannot be judged: no sources, or they do not patch,
build or boot; 130 interrupted. \"git bisect run\" takes it as it is."

# check_environment: what no script can work with
check_environment() {
	[ -n "${KDIR-unset}" ] ||
		die 2 "KDIR is empty; unset it, or name a git tree of Linux"
	[[ $CACHE != *[[:space:]:]* ]] ||
		die 2 "make cannot build in '$CACHE', for the space or colon; name another folder with ADDRMAP_CACHE=DIR"
}

# output_file FILE: its absolute name, if it can be written
output_file() {
	local dir

	dir=$(dirname -- "$1")
	[ -d "$dir" ] || die 2 "$1: there is no folder $dir"
	[ ! -d "$1" ] || die 2 "$1 is a folder"
	if [ -e "$1" ]; then [ -w "$1" ]; else [ -w "$dir" ]; fi ||
		die 2 "cannot write to $1"
	realpath -- "$1"
}

# git as the series needs it: nobody's settings, nobody's hooks
xgit() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
	GIT_CEILING_DIRECTORIES=$CACHE \
		git -c core.hooksPath=/dev/null -c gc.auto=0 \
		-c safe.directory='*' -c advice.detachedHead=false "$@"
}

# git in $KDIR: with its owner's settings (what is ignored), and without all that
# writes there
kgit() {
	GIT_OPTIONAL_LOCKS=0 git -C "$KDIR" -c safe.directory='*' -c gc.auto=0 \
		-c core.hooksPath=/dev/null -c core.fsmonitor=false \
		-c core.splitIndex=false -c core.untrackedCache=false "$@"
}

# -- children ---------------------------------------------------------------

# Set when children run in their own process group, so that an interrupt can
# end all of them whatever they do with the signal.
child=
ticker=
unfinished=	# a tree in the making

# run() ends its child if all of these files have been silent for so many seconds: a
# kernel that still prints is slow, not hung
watched=()
patience=${ADDRMAP_PATIENCE:-900}
# shellcheck disable=SC2034 # for who calls run()
hung=

end_children() {
	local i

	[ -z "$ticker" ] || kill -- "-$ticker" 2>/dev/null || :
	ticker=
	[ -n "$child" ] || return 0
	kill -TERM -- "-$child" 2>/dev/null || :
	for i in {1..50}; do
		kill -0 -- "-$child" 2>/dev/null || break
		[ "$i" -lt 50 ] || kill -KILL -- "-$child" 2>/dev/null || :
		sleep 0.1
	done
	child=
}

cleanup() { :; }	# a script's own, run at every exit

on_exit() {
	local status=$?

	trap - EXIT
	trap '' INT TERM HUP
	end_children
	[ -z "$unfinished" ] || rm -rf "$unfinished" "$unfinished.apt"
	[ -z "${TREE:-}" ] || rm -f "$TREE/.git/index.$$"*
	cleanup
	exit "$status"
}
trap on_exit EXIT
trap 'warn "interrupted"; exit 130' INT
trap 'warn "terminated"; exit 143' TERM HUP

silent() {
	local now last

	[ ${#watched[@]} -gt 0 ] || return 1
	now=$(date +%s)
	last=$(stat -c %Y "${watched[@]}" 2>/dev/null | sort -n | tail -1)
	[ -n "$last" ] && [ $((now - last)) -gt "$patience" ]
}

# run WHAT COMMAND...: runs COMMAND so that Ctrl-C ends it and all it started,
# and, if WHAT is not empty, says every 15 seconds that WHAT goes on. If $output is
# set, what COMMAND says is added to that file.
output=
run() {
	# kunit.py writes its report after the first signal
	local what=$1 status=0 start=$SECONDS signal=INT ended=

	shift
	# The end of a silent child writes to the files as well, hence a mark
	[ ${#watched[@]} -eq 0 ] || { ended=${watched[0]}.ended; rm -f "$ended"; }
	set -m
	if [ -n "$output" ]; then
		"$@" </dev/null >> "$output" 2>&1 &
	else
		"$@" </dev/null &
	fi
	child=$!
	if [ -n "$what" ] || [ ${#watched[@]} -gt 0 ]; then
		while sleep 15; do
			[ -z "$what" ] || say "... $what, $((SECONDS - start)) s"
			! silent || { : > "$ended"; kill "-$signal" -- "-$child"; signal=KILL; }
		done &
		ticker=$!
	fi
	set +m
	wait "$child" || status=$?
	# shellcheck disable=SC2034 # for the caller
	[ -z "$ended" ] || [ ! -e "$ended" ] || { hung=1; rm -f "$ended"; }
	# A child that a script leaves behind must not outlive the command
	end_children
	return "$status"
}

# -- packages ---------------------------------------------------------------

# What the scripts need, as PACKAGE:PROBE. PROBE is a command, a header if it
# ends in ".h", a file if it starts with "/", or a module of Debian's Python if it
# ends in ".py".
BUILD_PACKAGES=(gcc:gcc libc6-dev:stdio.h make:make flex:flex bison:bison
	bc:bc perl:perl python3:python3 xz-utils:xz git:git ccache:ccache)
X86_PACKAGES=(libelf-dev:gelf.h qemu-system-x86:qemu-system-x86_64)
# virtme-ng and what it runs; the kernel's own mm selftests want libcap and libnuma
VM_PACKAGES=(libcap-dev:sys/capability.h libnuma-dev:numa.h rsync:rsync
	udev:udevadm kmod:depmod file:file iproute2:ip busybox-static:busybox
	python3-argcomplete:argcomplete.py python3-requests:requests.py)
SERIES_PACKAGES=(sparse:sparse b4:b4)
SCRIPTS_PACKAGES=(procps:pgrep python3-yaml:yaml.py coccinelle:spatch)

# missing PACKAGE:PROBE...: prints the packages whose probe fails
missing() {
	local spec probe

	for spec; do
		probe=${spec#*:}
		case $probe in
		/*)	[ -e "$probe" ] ;;
		*.h)	command -v gcc >/dev/null &&
			echo "#include <$probe>" |
				gcc -E -x c - -o /dev/null 2>/dev/null ;;
		*.py)	/usr/bin/python3 -c "import ${probe%.py}" 2>/dev/null ;;
		*)	command -v "$probe" >/dev/null ;;
		esac || echo "${spec%%:*}"
	done | sort -u
}

# need PACKAGE:PROBE...: root gets what is missing installed; others are told,
# once for all of the scripts
need() {
	local packages log

	mapfile -t packages < <(missing "$@")
	[ ${#packages[@]} -gt 0 ] || return 0

	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		mapfile -t packages < <(missing "${BUILD_PACKAGES[@]}" \
			"${X86_PACKAGES[@]}" \
			"${VM_PACKAGES[@]}" "${SERIES_PACKAGES[@]}" \
			"${SCRIPTS_PACKAGES[@]}" "$@")
		warn "missing packages; install what the scripts here need with"
		warn "  apt-get install --no-install-recommends ${packages[*]}"
		exit 2
	fi
	say "installing missing packages: ${packages[*]}"
	log=$(mktemp)
	output=$log run '' apt-get update -q ||
		warn "apt-get update failed; trying with the old lists"
	: > "$log"
	DEBIAN_FRONTEND=noninteractive output=$log run '' apt-get install -q -y \
		-o DPkg::Lock::Timeout=120 \
		--no-install-recommends "${packages[@]}" || {
		warn "apt-get install ${packages[*]} failed:"
		grep -E '^(E|W|Err):?' "$log" | head -5 >&2 || tail -5 "$log" >&2
		rm -f "$log"
		exit 2
	}
	rm -f "$log"
}

# need_for ENVIRONMENT...: what it takes to build and run there; "series" and
# "scripts" are the checks of those
need_for() {
	local env specs=("${BUILD_PACKAGES[@]}")
	local arch kunit_arch triple cross configs make_options qemu qemu_args image packages

	for env; do
		case $env in
		vm)	specs+=("${X86_PACKAGES[@]}" "${VM_PACKAGES[@]}") ;;
		series)	specs+=("${X86_PACKAGES[@]}" "${SERIES_PACKAGES[@]}") ;;
		scripts) specs+=("${SCRIPTS_PACKAGES[@]}") ;;
		*)	set_machine "$env" && specs+=("${packages[@]}") ;;
		esac
	done
	need "${specs[@]}"
}

# -- machines ---------------------------------------------------------------

# What scripts/kunit --arch knows
# shellcheck disable=SC2034 # for the caller
MACHINES=(um i386 i386-debug x86_64 x86_64-debug x86_64-kcsan arm64 arm64-a57 arm64-16k
	arm64-64k arm riscv64 s390x ppc64le ppc32 mips um32)

# set_machine NAME: sets arch (the name that the tables of this repository use),
# kunit_arch (that of kunit.py), cross, configs, make_options, qemu, image, qemu_args
# and packages, and triple; fails if there is none of that name
# shellcheck disable=SC2034 # for the caller
set_machine() {
	local debian=''

	triple=''
	arch=${1%%-*} kunit_arch='' configs=() make_options=() qemu='' qemu_args='' image=''
	packages=()
	case $1 in
	um)	image=linux ;;
	# Of scripts/kunit --coverage
	um-coverage) image=linux packages=(lcov:lcov lcov:genhtml)
		configs=(DEBUG_KERNEL DEBUG_INFO DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT GCOV) ;;
	# The host's headers and libraries of 32 bits
	um32)	image=linux make_options=(SUBARCH=i386)
		packages=(gcc-multilib:/usr/include/sys/cdefs.h) ;;
	# 1536 MB leave 640 MB above what a 32-bit kernel maps permanently; and the CPU
	# of QEMU's choice has no PAT
	i386)	configs=(HIGHMEM4G SMP) qemu_args='-cpu n270 -smp 2 -m 1536' ;;
	i386-debug) configs=(HIGHMEM4G SMP DEBUG_HIGHMEM DEBUG_VIRTUAL DEBUG_VM)
		qemu_args='-cpu n270 -smp 2 -m 1536' ;;
	# KUnit has huge pages off, and the driver has a path of its own for them
	x86_64)	configs=(SMP TRANSPARENT_HUGEPAGE) qemu_args='-smp 2' ;;
	x86_64-debug) configs=(SMP TRANSPARENT_HUGEPAGE DEBUG_KERNEL KASAN KASAN_VMALLOC
			UBSAN PROVE_LOCKING DEBUG_ATOMIC_SLEEP DEBUG_VM DEBUG_VM_PGTABLE
			DEBUG_VIRTUAL DEBUG_PAGEALLOC DEBUG_PAGEALLOC_ENABLE_DEFAULT
			DEBUG_KMEMLEAK)
		qemu_args='-smp 2 -m 2048' ;;
	x86_64-kcsan) configs=(SMP TRANSPARENT_HUGEPAGE DEBUG_KERNEL KCSAN)
		qemu_args='-smp 2 -m 2048' ;;
	arm64|arm64-a57|arm64-16k|arm64-64k)
		configs=(SMP TRANSPARENT_HUGEPAGE) qemu_args='-smp 2'
		triple=aarch64-linux-gnu image=arch/arm64/boot/Image.gz
		qemu=qemu-system-aarch64 debian=qemu-system-arm
		case $1 in
		*-a57)	qemu_args+=' -cpu cortex-a57' ;;
		*-16k)	configs+=(ARM64_16K_PAGES) ;;
		*-64k)	configs+=(ARM64_64K_PAGES) ;;
		esac ;;
	arm)	configs=(SMP HIGHMEM) qemu_args='-smp 2 -m 1536'
		triple=arm-linux-gnueabihf image=arch/arm/boot/zImage
		qemu=qemu-system-arm debian=qemu-system-arm ;;
	riscv64) kunit_arch=riscv configs=(SMP) qemu_args='-smp 2'
		triple=riscv64-linux-gnu image=arch/riscv/boot/Image
		qemu=qemu-system-riscv64 debian=qemu-system-misc
		packages=(opensbi:/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin) ;;
	s390x)	kunit_arch=s390 configs=(SMP PCI) qemu_args='-smp 2'
		triple=s390x-linux-gnu image=arch/s390/boot/bzImage
		qemu=qemu-system-s390x debian=qemu-system-misc ;;
	ppc64le) kunit_arch=powerpcle configs=(SMP PPC_64K_PAGES) qemu_args='-smp 2'
		triple=powerpc64le-linux-gnu image=vmlinux
		qemu=qemu-system-ppc64 debian=qemu-system-ppc ;;
	ppc32)	kunit_arch=powerpc32 configs=(HIGHMEM) qemu_args='-m 1024'
		triple=powerpc-linux-gnu image=vmlinux
		qemu=qemu-system-ppc debian=qemu-system-ppc ;;
	mips)	configs=(HIGHMEM) qemu_args='-m 1024'
		triple=mips-linux-gnu image=vmlinuz
		qemu=qemu-system-mips debian=qemu-system-mips ;;
	*)	return 1 ;;
	esac
	case $1 in
	i386*|x86_64*) qemu=qemu-system-$arch image=arch/x86/boot/bzImage
		packages=("${X86_PACKAGES[@]}") ;;
	um32)	arch=um ;;
	esac
	kunit_arch=${kunit_arch:-$arch}
	[ -z "$debian" ] || packages+=("$debian:$qemu")
	# A machine of the same kind needs no cross compiler
	cross=
	case $(uname -m):$arch in
	aarch64:arm64|riscv64:riscv64|s390x:s390x|ppc64le:ppc64le) ;;
	*)	[ -z "$triple" ] || cross=$triple-
		[ -z "$triple" ] || packages+=("gcc-$triple:$triple-gcc") ;;
	esac
}

# dpkg_arch MACHINE: Debian's name of it
dpkg_arch() {
	case $1 in
	arm64*)	echo arm64 ;;
	arm)	echo armhf ;;
	ppc64le) echo ppc64el ;;
	*)	echo "$1" ;;
	esac
}

# Of QEMU: a device with a BAR of 4 MiB of memory, for the nodes "io", the first MiB, and
# "io-huge", the second half, and others
# shellcheck disable=SC2034 # for the caller
IVSHMEM=(-object memory-backend-ram,id=bar,size=4M,share=on -device ivshmem-plain,memdev=bar)

# need_space MB WHAT
need_space() {
	local free

	mkdir -p "$CACHE" ||
		die 125 "cannot write to $CACHE; set ADDRMAP_CACHE to a folder that you own"
	free=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		die 125 "$2 takes $1 MB in $CACHE, where $free MB are free; make room, or name another folder with ADDRMAP_CACHE=DIR"
}

# cc [PREFIX]: make's CC. With paths made relative, one tree profits from what
# another one built.
cc() { echo "ccache ${1:-}gcc"; }
export CCACHE_BASEDIR=$CACHE CCACHE_NOHASHDIR=1
export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}

# -- locks ------------------------------------------------------------------

# lock FD MODE NAME: MODE is -x or -s; the lock ends with the process, and with
# every child that still works on what it protects
lock() {
	local file=$CACHE/locks/$3

	mkdir -p "$CACHE/locks" ||
		die 125 "cannot write to $CACHE; set ADDRMAP_CACHE to a folder that you own"
	eval "exec $1>>\"\$file\""
	flock -n "$2" "$1" && return
	say "waiting for another run that uses $3"
	flock "$2" "$1"
}

# -- base trees -------------------------------------------------------------

fetch_error=	# why it did not work, for a person

# apt_says LOG: the error in the output of apt
apt_says() { grep -hE '^(E|W|Err)' "$@" | sed -E 's/^(E|W): //' | head -2 | tr '\n' ' '; }

# debian_lists APT SUITE...: reads the lists of these suites of Debian into the new
# folder APT, and sets apt_options for those who ask them. Needs no root, changes
# nothing under /etc/apt, and asks the machine's own mirrors. Fails with
# $fetch_error set if it knows none; an error of this machine is the end.
apt_options=()
debian_lists() {
	local apt=$1 keys=/usr/share/keyrings/debian-archive-keyring.gpg uri suite
	local signed=

	shift
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		fetch_error="this machine has no apt"
		return 1
	fi
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" ||
		die 125 "cannot write to $apt"
	[ ! -r "$keys" ] || signed="[signed-by=$keys]"
	while read -r uri; do
		for suite; do
			echo "deb $signed $uri $suite main"
		done
	done < <(apt-get indextargets --format "\$(REPO_URI)" \
			'Created-By: Packages' | grep -v -e -security | sort -u
		) > "$apt/sources.list"
	if [ ! -s "$apt/sources.list" ]; then
		fetch_error="apt knows no mirror (is /etc/apt/sources.list empty?)"
		return 1
	fi
	apt_options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list"
		-o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache"
		-o APT::Sandbox::User=root -o Acquire::Retries=2)
	# A suite that a mirror lacks is no error as long as the package is found
	output=$apt/log run 'reading the lists of the mirrors' \
		apt-get "${apt_options[@]}" update || :
	full_disk "$apt/log"
}

# fetch_debian APT PACKAGE SIZE: downloads a package that only newer suites of
# Debian have, into the new folder APT. Fails with $fetch_error set if it cannot be
# had from there.
fetch_debian() {
	local apt=$1 opts version

	say "downloading Debian's $2 ($3)"
	debian_lists "$apt" trixie-backports sid || return
	opts=("${apt_options[@]}")
	# One that was tested, else the newest backport, else the newest
	version=$(apt-cache "${opts[@]}" madison "$2" 2>/dev/null |
		awk -v tested=" ${TESTED[*]} " '{
			split($3, upstream, "-")
			print index(tested, " " upstream[1] " ") ? 0 : /-backports/ ? 1 : 2, $3
		}' | sort -s -n -k 1,1 | awk 'NR == 1 { print $2 }') || :
	if [ -z "$version" ]; then
		fetch_error="this machine's mirrors do not have $2"
		! grep -qE '^(Err|W: Failed|E: Failed)' "$apt/log" ||
			fetch_error="no $2 from this machine's mirrors: $(apt_says "$apt/log")"
		return 1
	fi
	: > "$apt/log"
	output=$apt/log run downloading env -C "$apt" apt-get "${opts[@]}" \
		download "$2=$version" && return
	full_disk "$apt/log"
	fetch_error="no $2 from this machine's mirrors: $(apt_says "$apt/log")"
	return 1
}

# full_disk LOG: is that what it says?
full_disk() {
	! grep -qiE 'no space left|disk quota exceeded|28: ' "$1" ||
		die 125 "the disk is full; make room in $CACHE, or name another folder with ADDRMAP_CACHE=DIR"
}

# unpack_debian DIR: Debian's source package of linux $KVER, into DIR
unpack_debian() {
	local name=linux-source-$KVER log=$1.apt/log command file

	file=/usr/src/$name.tar.xz
	mkdir -p "$1.apt"
	if [ -r "$file" ]; then
		# shellcheck disable=SC2016
		command='tar -C "$2" --strip-components=1 -xJf "$1"'
		source_name="$file of $(dpkg-query -W -f '${Version}' "$name" 2>/dev/null || echo unknown)"
	else
		fetch_debian "$1.apt" "$name" '160 MB' || return
		file=$(echo "$1.apt/${name}_"*.deb)
		# shellcheck disable=SC2016
		command='dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$3.tar.xz" |
			tar -C "$2" --strip-components=1 -xJ'
		source_name="Debian's $name $(dpkg-deb -f "$file" Version)"
	fi
	say "unpacking ${file##*/}"
	: > "$log"
	output=$log run unpacking bash -c "set -o pipefail; $command" - "$file" \
		"$1" "$name" && return
	full_disk "$log"
	die 125 "unpacking ${file##*/} failed: $(head -1 "$log")"
}

# new_tree DIR: a work tree. $KDIR lends its objects and is not written to;
# without one the sources are fetched, and tagged as "base".
new_tree() {
	local dir=$1 source_name="v${TESTED[0]} of the stable tree"

	mkdir -p "$dir" && xgit init -q "$dir" || return
	[ -z "$KDIR" ] || return 0
	if unpack_debian "$dir"; then
		say "recording the sources in git (half a minute)"
		# -f: Debian's .gitignore ignores everything
		run '' xgit -C "$dir" add -Af . || return
		tag_base "$dir" "$(xgit -C "$dir" write-tree)" || return
	else
		warn "$fetch_error"
		say "cloning $source_name"
		run "cloning" xgit -C "$dir" fetch -q --depth 1 "$STABLE_URL" \
			"v${TESTED[0]}" ||
			die 125 "no kernel sources: neither from apt nor by git, see above; check the network, or name a git tree of linux $KVER with KDIR=DIR"
		tag_base "$dir" "$(xgit -C "$dir" rev-parse 'FETCH_HEAD^{tree}')" || return
	fi
	echo "$source_name" > "$dir/.git/source-name"
}

# tag_base DIR TREE
tag_base() {
	xgit -C "$1" tag -f base "$(commit_tree "$1" "$2" <<< linux)" >/dev/null
}

# commit_tree DIR TREE [PARENT]: the commit, always the same for the same input
commit_tree() {
	GIT_AUTHOR_NAME=addrmap GIT_AUTHOR_EMAIL=addrmap@localhost \
	GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' \
	GIT_COMMITTER_NAME=addrmap GIT_COMMITTER_EMAIL=addrmap@localhost \
	GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
		xgit -C "$1" commit-tree "$2" ${3:+-p "$3"}
}

# pick_tree [KDIR]: sets KDIR, NAME and TREE (its work tree in the cache), and
# WHAT (to tell a person), which use_tree() makes more exact; looks only
pick_tree() {
	local top

	check_environment
	KDIR=$1
	if [ -n "$KDIR" ]; then
		top=$(kgit rev-parse --verify -q 'HEAD^{commit}' >/dev/null 2>&1 &&
			kgit rev-parse --show-toplevel 2>/dev/null) ||
			die 2 "$KDIR is not a git tree with a commit; a tarball becomes one by: git init && git add -Af . && git commit -qm base"
		KDIR=$top
		[ -e "$KDIR/mm/Makefile" ] ||
			die 2 "$KDIR is not a Linux kernel tree"
		NAME=${KDIR##*/}
		NAME=${NAME//[^A-Za-z0-9._-]/_}-$(sha1sum <<< "$KDIR" | cut -c1-8)
		WHAT=$KDIR
	else
		NAME=linux-$KVER
		WHAT="linux $KVER"
	fi
	TREE=$CACHE/$NAME/linux
}

# snapshot: prints the tree of $KDIR's files as they are now, ignored ones left
# out; its objects become ours
snapshot() {
	local -x GIT_INDEX_FILE=$TREE/.git/index.$$ GIT_OBJECT_DIRECTORY=$TREE/.git/objects
	local index dir exclude=()

	index=$(unset GIT_INDEX_FILE; kgit rev-parse --git-path index) || return
	case $index in /*) ;; *) index=$KDIR/$index ;; esac
	# With its date, by which git knows what may have changed since
	[ ! -e "$index" ] || cp -p "$index" "$GIT_INDEX_FILE" || return
	kgit add -u . || return
	# Debian's own tree ignores everything: folders that are in git are not meant
	if grep -sqx '/\*' "$KDIR/.gitignore"; then
		while read -r dir; do
			exclude+=(--exclude="!/$dir/")
		done < <(kgit ls-tree -d --name-only HEAD)
	fi
	# What ends in a slash is a git tree of its own
	kgit ls-files -z -o --exclude-standard "${exclude[@]}" |
		{ grep -zv '/$' || :; } | kgit update-index --add --remove -z --stdin || return
	kgit write-tree || return
	rm -f "$GIT_INDEX_FILE"
}

# tree_version TREEISH: as in 7.3.4
tree_version() {
	xgit -C "$TREE" cat-file blob "$1:Makefile" 2>/dev/null | awk '
		NR < 10 && $2 == "=" { v[$1] = $3 }
		END { s = v["SUBLEVEL"] + 0
		      print v["VERSION"] "." v["PATCHLEVEL"] (s ? "." s : "") v["EXTRAVERSION"] }'
}

# short_version: $VERSION as in 7.3
short_version() { cut -d. -f1,2 <<< "${VERSION%%-*}"; }

# below A B: is version A below B?
below() { [ "$1" != "$2" ] && printf '%s\n%s\n' "$1" "$2" | sort -CV; }

# tree_is_whole: can $TREE be used at all?
tree_is_whole() {
	if [ -z "$KDIR" ]; then
		xgit -C "$TREE" cat-file -e base:mm/vmalloc.c 2>/dev/null
	else
		[ -d "$TREE" ] && xgit -C "$TREE" rev-parse -q --git-dir >/dev/null 2>&1 &&
			lent | cmp -s - "$TREE/.git/objects/info/alternates"
	fi
}

lent() { (cd "$KDIR" && realpath "$(kgit rev-parse --git-path objects)"); }

# use_tree: makes $TREE what pick_tree() found, and holds its lock on FD 8: for
# reading, so that several runs can build from the same sources. Sets VERSION.
use_tree() {
	local tree changed head

	lock 8 -s "$NAME"
	until tree_is_whole; do
		lock 8 -x "$NAME"
		tree_is_whole || make_tree
		lock 8 -s "$NAME"
	done
	if [ -n "$KDIR" ]; then
		tree=$(snapshot) ||
			die 125 "$KDIR cannot be read; git says above why"
		until [ "$(xgit -C "$TREE" rev-parse -q --verify 'base^{tree}')" = "$tree" ]; do
			lock 8 -x "$NAME"
			tag_base "$TREE" "$tree"
			lock 8 -s "$NAME"
		done
		changed=$(kgit_with_ours diff-tree -r --name-only "HEAD^{tree}" "$tree" | wc -l)
		head=$(kgit rev-parse HEAD)
		VERSION=$(tree_version base)
		WHAT="$KDIR: $VERSION at ${head:0:12}"
		case $changed in
		0)	;;
		1)	WHAT+=" + 1 changed file" ;;
		*)	WHAT+=" + $changed changed files" ;;
		esac
	else
		VERSION=$(tree_version base)
		WHAT="linux $VERSION ($(cat "$TREE/.git/source-name" 2>/dev/null))"
	fi
	SHORT=$(short_version)
}

kgit_with_ours() { GIT_OBJECT_DIRECTORY=$TREE/.git/objects kgit "$@"; }

# check_version: is $VERSION one that the series is for?
check_version() {
	! below "$SHORT" "$OLDEST" ||
		die 125 "this is $SHORT; the series is for $OLDEST to $NEWEST"
	if below "$NEWEST" "$SHORT"; then
		warn "this is $SHORT; the series is for $OLDEST to $NEWEST: trying"
	elif [[ " ${TESTED[*]} " != *" $VERSION "* ]]; then
		warn "the suites were tested on ${TESTED[*]}, not on $VERSION"
	fi
}

make_tree() {
	rm -rf "$TREE.tmp" "$TREE.tmp.apt"	# of a run that was killed
	if [ -z "$KDIR" ]; then
		need_space 4000 "linux $KVER"
	else
		need_space 2500 "a copy of $KDIR"
	fi
	mkdir -p "$CACHE/$NAME"
	if [ -z "$KDIR" ] || [ ! -d "$TREE" ] ||
	   ! xgit -C "$TREE" rev-parse -q --git-dir >/dev/null 2>&1; then
		[ ! -e "$TREE" ] || say "$TREE is broken; making it anew"
		rm -rf "$TREE"
		unfinished=$TREE.tmp
		new_tree "$TREE.tmp" || die 125 "making $TREE failed, see above"
		mv "$TREE.tmp" "$TREE"
		rm -rf "$TREE.tmp.apt"
		unfinished=
	fi
	[ -z "$KDIR" ] || lent > "$TREE/.git/objects/info/alternates"
}

# -- the series -------------------------------------------------------------

# overlay_files: "PATH-HERE PATH-IN-THE-KERNEL" of every file whose truth is here
overlay_files() {
	local pair from file

	for pair in "${OVERLAY[@]}"; do
		from=$ROOT/${pair%%:*}
		[ -d "$from" ] || continue
		find "$from" -type f ! -name '*~' ! -name '.*.sw?' \
			! -name '*.tsv' ! -name '*.md' -printf '%P\n' | LC_ALL=C sort |
		while read -r file; do
			echo "$from/$file ${pair#*:}/$file"
		done
	done
}

# cases_of ARCH [SUBJECT...]: the cases that fail on ARCH, or on any machine if that
# is empty, without these patches, or without all of them; with a tab and the subject
cases_of() {
	local arch=$1

	shift
	grep -v '^#' "$ROOT/patches/topics.tsv" | awk -F '\t' -v arch="$arch" '
		BEGIN { all = ARGC < 2; for (i = 1; i < ARGC; i++) wanted[ARGV[i]]; ARGC = 1 }
		(all || $1 in wanted) && $3 != "-" {
			n = split($3, groups, / *; */)
			for (i = 1; i <= n; i++) {
				split(groups[i], half, / *: */)
				if (arch && (" " half[1] " ") !~ (" " arch " "))
					continue
				m = split(half[2], cases, / +/)
				for (j = 1; j <= m; j++)
					if (cases[j])
						print cases[j] "\t" $1
			}
		}' "$@" | LC_ALL=C sort -u
}

# known_cases: what cases_of prints of the fixes that were left out, of any machine:
# whether a case suffers from what an earlier one did depends on the CPUs, too
known_cases() {
	local subject

	for subject in "${LEFT_OUT[@]}"; do
		cases_of '' "$subject"
	done
}

# fixed_cases ARCH: the cases that fail without the fixes of the series
fixed_cases() { cases_of "$1" | cut -f1 | LC_ALL=C sort -u; }

# is_fix PATCH: may it be left out?
is_fix() { "$ROOT/scripts/compose" --is-fix "$1"; }

# compose OPTION...: what scripts/compose says of the series on the base of $TREE
compose() {
	local error status=0

	error=$(overlay_files | "$ROOT/scripts/compose" "$@" "$TREE/.git" \
		'base^{tree}' "$SHORT" 2>&1 >&3) || status=$?
	[ "$status" = 0 ] || die "$status" "$error ($WHAT)"
} 3>&1

# series_commit: sets COMMIT to base + patches/ + the files here, made without
# touching a work tree, and LEFT_OUT to the subjects of the fixes that are missing
series_commit() {
	local options=() key said word rest theirs=()

	# A tree that is not the one the series is made for may have or lack some of it
	[ -z "$KDIR" ] && [ "$VERSION" = "${TESTED[0]}" ] || options+=(--lenient)
	[ -z "$WITHOUT_FIXES" ] || options+=(--without-fixes)
	[ -z "$ONLY_FIXES" ] || options+=(--lenient "--fixes=$ONLY_FIXES")
	[ -z "$WITHOUT_FIX" ] || options+=(--lenient "--without=$WITHOUT_FIX")
	key=$({ echo "${options[*]} $SHORT"
		xgit -C "$TREE" rev-parse 'base^{tree}'
		overlay_files
		find "$ROOT"/{patches,driver,kunit,selftests,documentation,scripts/compose} -type f \
			-printf '%p %m\0' | sort -z | cut -z -d' ' -f1 | xargs -0 sha1sum
	} | sha1sum | cut -d' ' -f1)
	said=$TREE/.git/series/$key
	if [ ! -s "$said" ] ||
	   ! xgit -C "$TREE" cat-file -e "$(sed -n 's/^tree\t//p' "$said")" 2>/dev/null; then
		mkdir -p "$TREE/.git/series"
		find "$TREE/.git/series" -type f -mtime +7 -delete
		compose "${options[@]}" > "$said.$$"
		mv "$said.$$" "$said"
	fi

	LEFT_OUT=()
	while IFS=$'\t' read -r word rest; do
		case $word in
		there)	say "left out, it is there already: $rest" ;;
		unfit)	say "left out, it does not fit this tree: $rest"
			LEFT_OUT+=("$rest") ;;
		without) LEFT_OUT+=("$rest") ;;
		theirs)	theirs+=("$rest") ;;
		stale)	[ -n "$KDIR" ] ||
			warn "files here differ from patches/ and are used as they are here; scripts/series refresh brings patches/ up to date" ;;
		tree)	COMMIT=$(commit_tree "$TREE" "$rest" base <<< "base + addrmap") ;;
		esac
	done < "$said"
	[ ${#theirs[@]} -eq 0 ] || say "used as they are in $KDIR: ${theirs[*]}"
}

# checkout DIR COMMIT: DIR's files become COMMIT's; equal files keep their dates
checkout() {
	[ "$(xgit -C "$1" rev-parse -q --verify HEAD || :)" ] ||
		say "checking out the sources"
	# The caller has the tree to itself: a lock file is of a run that was killed
	rm -f "$1/.git/index.lock"
	xgit -C "$1" checkout -q -f --detach "$2" 2>/dev/null && return
	rm -f "$1/.git/index"
	{ xgit -C "$1" reset -q "$2" && xgit -C "$1" checkout -q -f --detach "$2"; } ||
		die 125 "the sources in $1 are broken; delete that folder and run again"
}

# use_series: makes $TREE's files the series, to build from
use_series() {
	use_tree
	say "$WHAT, with the series${WITHOUT_FIXES:+ without its fixes}${ONLY_FIXES:+, fixes of $ONLY_FIXES alone}${WITHOUT_FIX:+ without \"$WITHOUT_FIX\"}${1:+, $1}"
	check_version
	series_commit
	# Only a writer may change the sources, only readers build from them
	until [ "$(xgit -C "$TREE" rev-parse -q --verify HEAD)" = "$COMMIT" ] &&
	      xgit -C "$TREE" diff-files --quiet; do
		lock 8 -x "$NAME"
		checkout "$TREE" "$COMMIT"
		lock 8 -s "$NAME"
	done
}

# without_kvm QEMU: from here on QEMU is one that never asks for /dev/kvm
without_kvm() {
	mkdir -p "$CACHE/bin"
	cat > "$CACHE/bin/$1.$$" <<EOF
#!/bin/bash
# Drops "-accel kvm" and "-accel hvf": a broken /dev/kvm hangs the guest
args=()
while [ \$# -gt 0 ]; do
	case "\$1 \${2:-}" in
	"-accel kvm"|"-accel hvf") shift ;;
	*) args+=("\$1") ;;
	esac
	shift
done
exec $(command -v "$1") "\${args[@]}"
EOF
	chmod +x "$CACHE/bin/$1.$$"
	mv "$CACHE/bin/$1.$$" "$CACHE/bin/$1"
	PATH=$CACHE/bin:$PATH
}

# -- results ----------------------------------------------------------------

# results FILE: "STATUS suite.case" of each result in a report of kunit.py; a
# case with parameters has one for each of its rows
results() {
	python3 - "$1" <<'EOF'
import json, sys
def walk(group, names):
    for case in group.get('test_cases', []):
        print(case['status'], '.'.join((names + [case['name']])[:2]))
    for sub in group.get('sub_groups', []):
        walk(sub, names + [sub['name']])
walk(json.load(open(sys.argv[1])), [])
EOF
}
