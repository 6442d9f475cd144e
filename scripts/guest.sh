#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh KSELFTEST OUT TEST...: what scripts/selftest runs in its virtual machine.
# Writes OUT/status, of which bit 0 is that a test failed and bit 1 that the driver
# did wrong when it was loaded or removed; and OUT/kmemleak if the kernel looks for
# leaks.

kselftest=$1 out=$2 status=0
shift 2

# told COMMAND...: COMMAND, which the kernel's log is told of case by case. The logs
# are limited in what they take from one program, if not told otherwise.
echo on > /proc/sys/kernel/printk_devkmsg
told() {
	{
		"$@" && echo 0 > "$out/told" || echo 1 > "$out/told"
	} | while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		*'#  RUN  '*) line=${line% ...} ;;
		*'# running ./'*) line=${line##*/} ;;
		*) continue ;;
		esac
		echo "kselftest: running ${line##* }" > /dev/kmsg
	done
	return "$(cat "$out/told")"
}

# The nodes "io" and "io-huge" need a device's memory: the first MiB and the second half
# of BAR 2 of QEMU's ivshmem
io=
for dev in /sys/bus/pci/devices/*; do
	case $(cat "$dev/vendor" "$dev/device" | tr '\n' ' ') in
	"0x1af4 0x1110 ")
		echo 1 > "$dev/enable"
		io=$(sed -n 3p "$dev/resource" | {
			read -r start end _
			half=$(((end - start + 1) / 2))
			echo "io_start=$start io_length=$((1 << 20))" \
				"io_huge_start=$((start + half)) io_huge_length=$half"
		}) ;;
	esac
done

# What is not the memory of a device, or not all of it, or cannot be mapped
while read -r wrong; do
	# shellcheck disable=SC2086
	if modprobe addrmap $wrong 2>&1; then
		echo "addrmap takes $wrong"
		status=2
		rmmod addrmap
	elif [ -e /dev/addrmap ]; then
		echo "addrmap does not take $wrong, but leaves nodes behind"
		status=2
	fi
done <<'END'
io_start=0x100000 io_length=4096
io_start=0x100000001 io_length=4096
io_start=0x100000000 io_length=4095
io_start=0x100000000 io_length=0x4001000
io_start=0x100000000 io_length=0x80000000000
io_start=0xfffffffffffff000 io_length=8192
io_huge_start=0x100000 io_huge_length=4096
io_huge_start=0x100000001 io_huge_length=4096
io_huge_start=0x100000000 io_huge_length=4095
io_huge_start=0x100000000 io_huge_length=0x4001000
io_huge_start=0x100000000 io_huge_length=0x80000000000
io_huge_start=0xfffffffffffff000 io_huge_length=8192
END

# free_kib: of memory, with what each CPU keeps on lists
free_kib() {
	awk '/ pages free/ { pages += $3 } / count:/ { pages += $2 } END { print 4 * pages }' \
		/proc/zoneinfo
}

# Whoever unloads the driver gets back the 2 MiB that the files of a node share. Others
# use memory, too, but not half of that each time.
times=10
for _ in 1 2 3; do
	before=$(free_kib)
	for _ in $(seq $times); do
		modprobe addrmap || break 2
		for node in /dev/addrmap/*; do
			: < "$node"
		done
		rmmod addrmap || break 2
	done
	lost=$((before - $(free_kib)))
	[ $lost -ge $((times * 1024)) ] || break
done
if [ "${lost:-$((times * 1024))}" -ge $((times * 1024)) ]; then
	echo "addrmap, loaded and removed $times times: expected 0 KiB lost, found ${lost:-no end}"
	status=2
fi

# Write-combining: for the kernel and for programs
if [ "$io" ] && [ -e "$kselftest/mm/addrmap" ]; then
	# shellcheck disable=SC2086
	modprobe addrmap $io io_wc=1
	if ! "$kselftest/mm/addrmap" -t io_cache_mode > "$out/io_wc" 2>&1; then
		echo "addrmap $io io_wc=1 is not write-combining:"
		sed 's/^/# /' "$out/io_wc"
		status=2
	fi
	rmmod addrmap
fi

# shellcheck disable=SC2086
if ! modprobe addrmap $io; then
	echo "the driver cannot be loaded"
	echo 2 > "$out/status"
	exit 1
fi
cd "$kselftest" || exit
for test; do
	case $test in
	pfnmap)	echo "# running ./pfnmap -- /dev/addrmap/pfn"
		(cd mm && told ./pfnmap -- /dev/addrmap/pfn) || status=$((status | 1)) ;;
	*)	told ./run_kselftest.sh -t "mm:ksft_$test.sh" || status=$((status | 1)) ;;
	esac
done

[ ! -e "$out/matrix.csv" ] || (cd mm && ./addrmap_matrix --csv) > "$out/matrix.csv" || :

# It leaves nothing behind that would keep it from being loaded again
# shellcheck disable=SC2086
if ! { rmmod addrmap && modprobe addrmap $io && rmmod addrmap; }; then
	echo "the driver cannot be removed and loaded again"
	status=$((status | 2))
fi
if [ -e /sys/kernel/debug/kmemleak ]; then
	# What has just been freed, or is in a register, is no leak: look twice
	for _ in 1 2; do
		sleep 6
		echo scan > /sys/kernel/debug/kmemleak
	done
	cat /sys/kernel/debug/kmemleak > "$out/kmemleak"
fi
echo $status > "$out/status"
