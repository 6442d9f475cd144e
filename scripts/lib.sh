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

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ME=${0##*/}
CACHE=${ADDRMAP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/addrmap}
KVER=7.2
WITHOUT_FIXES=
STABLE_URL=https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git

# Where a folder of this repository lies in a kernel tree
OVERLAY=(driver:mm/addrmap kunit:mm/tests selftests:tools/testing/selftests/mm)

say() { printf '%s: %s\n' "$ME" "$*"; }
warn() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() { warn "$2"; exit "$1"; }

# git as the series needs it: nobody's settings, nobody's hooks
xgit() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
	GIT_CEILING_DIRECTORIES=$CACHE \
		git -c core.hooksPath=/dev/null -c gc.auto=0 \
		-c safe.directory='*' -c advice.detachedHead=false "$@"
}

# -- children ---------------------------------------------------------------

# Set when children run in their own process group, so that an interrupt can
# end all of them whatever they do with the signal.
child=
ticker=
unfinished=	# a tree in the making

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
	cleanup
	exit "$status"
}
trap on_exit EXIT
trap 'warn "interrupted"; exit 130' INT
trap 'warn "terminated"; exit 143' TERM HUP

# run WHAT COMMAND...: runs COMMAND so that Ctrl-C ends it and all it started,
# and, if WHAT is not empty, says every 15 seconds that WHAT goes on
run() {
	local what=$1 status=0 start=$SECONDS

	shift
	set -m
	"$@" </dev/null &
	child=$!
	if [ -n "$what" ]; then
		while sleep 15; do
			say "... $what, $((SECONDS - start)) s"
		done &
		ticker=$!
	fi
	set +m
	wait "$child" || status=$?
	# A child that a script leaves behind must not outlive the command
	end_children
	return "$status"
}

# -- packages ---------------------------------------------------------------

# need PACKAGE:PROBE...: PROBE is a command, a header if it ends in ".h", or a
# module of Debian's Python if it ends in ".py"
need() {
	local spec probe missing=()

	for spec; do
		probe=${spec#*:}
		case $probe in
		*.h)	command -v gcc >/dev/null &&
			echo "#include <$probe>" |
				gcc -E -x c - -o /dev/null 2>/dev/null ;;
		*.py)	/usr/bin/python3 -c "import ${probe%.py}" 2>/dev/null ;;
		*)	command -v "$probe" >/dev/null ;;
		esac || missing+=("${spec%%:*}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		warn "missing packages; install them with"
		warn "  apt-get install --no-install-recommends ${missing[*]}"
		exit 2
	fi
	say "installing missing packages: ${missing[*]}"
	apt-get update -q >/dev/null ||
		warn "apt-get update failed; trying with the old lists"
	DEBIAN_FRONTEND=noninteractive run '' apt-get install -q -y \
		--no-install-recommends "${missing[@]}" >/dev/null ||
		die 2 "apt-get install ${missing[*]} failed"
}

BUILD_PACKAGES=(gcc:gcc libc6-dev:stdio.h make:make flex:flex bison:bison
	bc:bc perl:perl python3:python3 xz-utils:xz git:git)

# need_for ARCH: what it takes to build and run KUnit there
need_for() {
	case $1 in
	um)	need "${BUILD_PACKAGES[@]}" ;;
	*)	need "${BUILD_PACKAGES[@]}" libelf-dev:gelf.h \
			qemu-system-x86:qemu-system-"$1" ;;
	esac
}

# make's CC: through ccache where there is one. With paths made relative, one
# tree profits from what another one built.
cc() {
	if command -v ccache >/dev/null; then echo 'ccache gcc'; else echo gcc; fi
}
export CCACHE_BASEDIR=$CACHE CCACHE_NOHASHDIR=1

# -- locks ------------------------------------------------------------------

# lock FD MODE NAME: MODE is -x or -s; the lock ends with the process, and with
# every child that still works on what it protects
lock() {
	local file=$CACHE/locks/$3

	mkdir -p "$CACHE/locks" ||
		die 1 "cannot write to $CACHE; set ADDRMAP_CACHE to a folder that you own"
	eval "exec $1>>\"\$file\""
	flock -n "$2" "$1" && return
	say "waiting for another run that uses $3"
	flock "$2" "$1"
}

# -- base trees -------------------------------------------------------------

# fetch_debian APT PACKAGE SIZE: downloads a package that only newer suites of
# Debian have, into the new folder APT. Needs no root, changes nothing under
# /etc/apt, and asks the machine's own mirrors.
fetch_debian() {
	local apt=$1 keys=/usr/share/keyrings/debian-archive-keyring.gpg uri suite
	local opts=()

	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	[ ! -r "$keys" ] || opts=("[signed-by=$keys]")
	while read -r uri; do
		for suite in trixie-backports sid; do
			echo "deb ${opts[*]} $uri $suite main"
		done
	done < <(apt-get indextargets --format "\$(REPO_URI)" \
			'Created-By: Packages' | grep -v -e -security | sort -u
		) > "$apt/sources.list"
	opts=(-q -o "Dir::Etc::sourcelist=$apt/sources.list"
		-o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache"
		-o APT::Sandbox::User=root -o Acquire::Retries=2)
	say "downloading Debian's $2 ($3)"
	# A suite that a mirror lacks is no error as long as the package is found
	run '' apt-get "${opts[@]}" update >/dev/null 2>&1 || :
	(cd "$apt" && run 'downloading' apt-get "${opts[@]}" \
		download "$2" >/dev/null 2>&1)
}

# unpack_debian DIR: Debian's source package of linux $KVER, into DIR
unpack_debian() {
	local tarball=/usr/src/linux-source-$KVER.tar.xz deb

	if [ -r "$tarball" ]; then
		say "unpacking $tarball"
		tar -C "$1" --strip-components=1 -xJf "$tarball"
		return
	fi
	fetch_debian "$1.apt" "linux-source-$KVER" '160 MB' || return
	deb=$(echo "$1.apt"/linux-source-*.deb)
	say "unpacking ${deb##*/}"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/linux-source-$KVER.tar.xz" |
		tar -C "$1" --strip-components=1 -xJ
}

# new_tree DIR: a work tree with the tag "base". $KDIR lends its objects and is
# not written to; without one the sources are fetched.
new_tree() {
	local dir=$1 tree

	mkdir -p "$dir" && xgit init -q "$dir" || return
	if [ -n "$KDIR" ]; then
		(cd "$KDIR" && realpath "$(xgit rev-parse --git-path objects)") \
			> "$dir/.git/objects/info/alternates" || return
		tree=$(xgit -C "$KDIR" rev-parse 'HEAD^{tree}') || return
	elif unpack_debian "$dir"; then
		say "recording the sources in git (half a minute)"
		# -f: Debian's .gitignore ignores everything
		xgit -C "$dir" add -Af . || return
		tree=$(xgit -C "$dir" write-tree) || return
	else
		say "no linux-source-$KVER from this machine's mirrors;" \
			"cloning v$KVER of the stable tree"
		run "cloning" xgit_fetch "$dir" || return
		tree=$(xgit -C "$dir" rev-parse 'FETCH_HEAD^{tree}') || return
	fi
	tag_base "$dir" "$tree"
}

xgit_fetch() { xgit -C "$1" fetch -q --depth 1 "$STABLE_URL" "v$KVER"; }

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

# pick_tree [KDIR]: sets KDIR, NAME, TREE (its work tree in the cache) and WHAT
# (to tell a person); looks only
pick_tree() {
	local head

	KDIR=$1
	if [ -n "$KDIR" ]; then
		head=$(xgit -C "$KDIR" rev-parse --verify -q 'HEAD^{commit}' 2>/dev/null) ||
			die 2 "$KDIR is not a git tree with a commit; a tarball becomes one by: git init && git add -A && git commit -m base"
		xgit -C "$KDIR" cat-file -e HEAD:mm/vmalloc.c 2>/dev/null ||
			die 2 "$KDIR is not a Linux kernel tree"
		! xgit -C "$KDIR" cat-file -e HEAD:mm/addrmap 2>/dev/null ||
			die 2 "$KDIR has the series already; run its own ./tools/testing/kunit/kunit.py run --kunitconfig mm/tests"
		KDIR=$(cd "$KDIR" && pwd)
		NAME=${KDIR##*/}-$(sha1sum <<< "$KDIR" | cut -c1-8)
		WHAT="$KDIR at ${head:0:12}"
	else
		NAME=linux-$KVER
		WHAT="linux $KVER ($CACHE/$NAME)"
	fi
	TREE=$CACHE/$NAME/linux
}

# tree_is_current: is $TREE whole, and $KDIR's commit if there is one?
tree_is_current() {
	xgit -C "$TREE" cat-file -e base:mm/vmalloc.c 2>/dev/null || return
	[ -z "$KDIR" ] || [ "$(xgit -C "$KDIR" rev-parse 'HEAD^{tree}')" = \
		"$(xgit -C "$TREE" rev-parse 'base^{tree}')" ]
}

# use_tree: makes $TREE what pick_tree() found, and holds its lock on FD 8: for
# reading, so that several runs can build from the same sources
use_tree() {
	lock 8 -s "$NAME"
	until tree_is_current; do
		lock 8 -x "$NAME"
		tree_is_current || make_tree
		lock 8 -s "$NAME"
	done
}

make_tree() {
	rm -rf "$TREE.tmp" "$TREE.tmp.apt"	# of a run that was killed
	if [ -n "$KDIR" ] && xgit -C "$TREE" cat-file -e base 2>/dev/null; then
		# KDIR has moved on; what was built stays of use
		tag_base "$TREE" "$(xgit -C "$KDIR" rev-parse 'HEAD^{tree}')"
		return
	fi
	[ ! -e "$TREE" ] || say "$TREE is broken; making it anew"
	rm -rf "$TREE"
	mkdir -p "$CACHE/$NAME"
	unfinished=$TREE.tmp
	new_tree "$TREE.tmp" ||
		die 1 "no kernel sources: check the network and the space in $CACHE, or name a git tree of linux $KVER with KDIR=DIR"
	mv "$TREE.tmp" "$TREE"
	rm -rf "$TREE.tmp.apt"
	unfinished=
}

# -- the series -------------------------------------------------------------

# overlay_files: "PATH-HERE PATH-IN-THE-KERNEL" of every file whose truth is here
overlay_files() {
	local pair from file

	for pair in "${OVERLAY[@]}"; do
		from=$ROOT/${pair%%:*}
		[ -d "$from" ] || continue
		find "$from" -type f ! -name '*~' ! -name '.*.sw?' \
			! -name contracts.tsv ! -name '*.md' -printf '%P\n' | LC_ALL=C sort |
		while read -r file; do
			echo "$from/$file ${pair#*:}/$file"
		done
	done
}

# add_overlay DIR: puts the files of this repository into DIR's index
add_overlay() {
	local dir=$1 here there mode

	overlay_files | while read -r here there; do
		mode=100644
		[ ! -x "$here" ] || mode=100755
		printf '%s %s\t%s\n' "$mode" \
			"$(xgit -C "$dir" hash-object -w "$here")" "$there"
	done | xgit -C "$dir" update-index --add --index-info
}

# fixed_cases ARCH: the cases that the patches say fail without them:
#	Without this patch fail, on
#	  um i386: suite.case suite.case
#	  x86_64: suite.case
fixed_cases() {
	sed -Esn "/^Without this patch fail, on\$/,/^\$/s/^  ([^:]+ )?$1( [^:]+)?: //p" \
		"$ROOT"/patches/*.patch | tr ' ' '\n' | LC_ALL=C sort -u
}

is_fix() { grep -q '^Without this patch fail, on$' "$1"; }

# series_commit DIR: prints the commit of base + patches/ + the files here. It
# is made in an index of its own, so that no work tree is touched. If
# WITHOUT_FIXES is set, the patches that fix the kernel are left out.
series_commit() {
	local dir=$1 patch
	local -x GIT_INDEX_FILE=$1/.git/index.$BASHPID

	xgit -C "$dir" read-tree base
	for patch in "$ROOT"/patches/*.patch; do
		[ -e "$patch" ] || die 1 "patches/ has no patches"
		[ -z "${WITHOUT_FIXES:-}" ] || ! is_fix "$patch" || continue
		xgit -C "$dir" apply --cached --whitespace=nowarn "$patch" ||
			die 1 "patches/${patch##*/} does not apply to $WHAT"
	done
	patched=$(xgit -C "$dir" write-tree)
	add_overlay "$dir"
	overlaid=$(xgit -C "$dir" write-tree)
	rm -f "$GIT_INDEX_FILE"*
	[ "$patched" = "$overlaid" ] ||
		warn "files here differ from patches/ and are used as they are here; scripts/series refresh brings patches/ up to date"
	commit_tree "$dir" "$overlaid" base <<< "base + addrmap"
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
		die 1 "the sources in $1 are broken; delete that folder and run again"
}

# use_series: makes $TREE's files the series, to build from
use_series() {
	local commit

	use_tree
	commit=$(series_commit "$TREE")
	# Only a writer may change the sources, only readers build from them
	until [ "$(xgit -C "$TREE" rev-parse -q --verify HEAD)" = "$commit" ] &&
	      xgit -C "$TREE" diff-files --quiet; do
		lock 8 -x "$NAME"
		checkout "$TREE" "$commit"
		lock 8 -s "$NAME"
	done
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
