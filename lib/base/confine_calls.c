/*
 * The list of system calls that are refused, and the filter of it.
 *
 * The filter is made here and not by libseccomp, which asks for memory 11,000
 * times and crashes where it gets none.  A call that the headers do not know is
 * left out.
 */
#define _GNU_SOURCE /* the flags of clone(2) */

#include "base/confine_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers of system calls mean nothing without the architecture. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define NUMBERS_END 0x40000000U /* from there on, those of x32 */
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__arm__) && !defined(__ARMEB__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#endif

#if defined(WITHOUT_CONFINE) || !defined(ARCHITECTURE)

bool
confine_calls_offered(void)
{
	return false;
}

int
confine_calls_begin(bool connects)
{
	(void)connects;
	errno = ENOSYS;
	return -1;
}

#else

#define GET_ACTION_AVAIL 2 /* SECCOMP_GET_ACTION_AVAIL */
#define SPEC_ALLOW 4U /* SECCOMP_FILTER_FLAG_SPEC_ALLOW */
#define STORE_MODE 0660 /* the most that a file beside the store may have */

/*
 * The leak check of a sanitizer is a process that traces this one, and its
 * reports are made by programs.  Only builds that have one allow that.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Other processes, and other programs. */
static const unsigned processes[] = {
#ifdef SYS_execve
    SYS_execve,
#endif
#ifdef SYS_execveat
    SYS_execveat,
#endif
#ifdef SYS_fork
    SYS_fork,
#endif
#ifdef SYS_vfork
    SYS_vfork,
#endif
#ifdef SYS_kill
    SYS_kill,
#endif
#ifdef SYS_tkill
    SYS_tkill,
#endif
#ifdef SYS_ptrace
    SYS_ptrace,
#endif
#ifdef SYS_process_vm_readv
    SYS_process_vm_readv,
#endif
#ifdef SYS_process_vm_writev
    SYS_process_vm_writev,
#endif
#ifdef SYS_process_madvise
    SYS_process_madvise,
#endif
#ifdef SYS_process_mrelease
    SYS_process_mrelease,
#endif
#ifdef SYS_kcmp
    SYS_kcmp,
#endif
#ifdef SYS_pidfd_open
    SYS_pidfd_open,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_pidfd_send_signal
    SYS_pidfd_send_signal,
#endif
#ifdef SYS_rt_sigqueueinfo
    SYS_rt_sigqueueinfo,
#endif
#ifdef SYS_rt_tgsigqueueinfo
    SYS_rt_tgsigqueueinfo,
#endif
#ifdef SYS_setpgid
    SYS_setpgid,
#endif
#ifdef SYS_setsid
    SYS_setsid,
#endif
};

/* Connections that nobody made to us. */
static const unsigned connections[] = {
#ifdef SYS_socket
    SYS_socket,
#endif
#ifdef SYS_socketpair
    SYS_socketpair,
#endif
#ifdef SYS_connect
    SYS_connect,
#endif
#ifdef SYS_bind
    SYS_bind,
#endif
#ifdef SYS_listen
    SYS_listen,
#endif
#ifdef SYS_socketcall
    SYS_socketcall,
#endif
};

static const unsigned others[] = {
/* ways around this list, and around who owns what is asked for */
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
#endif
#ifdef SYS_io_uring_enter
    SYS_io_uring_enter,
#endif
#ifdef SYS_io_uring_register
    SYS_io_uring_register,
#endif
#ifdef SYS_open_by_handle_at
    SYS_open_by_handle_at,
#endif
#ifdef SYS_name_to_handle_at
    SYS_name_to_handle_at,
#endif
#ifdef SYS_userfaultfd
    SYS_userfaultfd,
#endif
#ifdef SYS_bpf
    SYS_bpf,
#endif
#ifdef SYS_perf_event_open
    SYS_perf_event_open,
#endif
#ifdef SYS_personality
    SYS_personality,
#endif
#ifdef SYS_modify_ldt
    SYS_modify_ldt,
#endif
#ifdef SYS_uselib
    SYS_uselib,
#endif
#ifdef SYS_keyctl
    SYS_keyctl,
#endif
#ifdef SYS_add_key
    SYS_add_key,
#endif
#ifdef SYS_request_key
    SYS_request_key,
#endif
#ifdef SYS_fanotify_init
    SYS_fanotify_init,
#endif
/* what Landlock leaves open, or does before its third version */
#ifdef SYS_chmod
    SYS_chmod,
#endif
#ifdef SYS_fchmodat
    SYS_fchmodat,
#endif
#ifdef SYS_fchmodat2
    SYS_fchmodat2,
#endif
#ifdef SYS_chown
    SYS_chown,
#endif
#ifdef SYS_lchown
    SYS_lchown,
#endif
#ifdef SYS_fchownat
    SYS_fchownat,
#endif
#ifdef SYS_truncate
    SYS_truncate,
#endif
#ifdef SYS_truncate64
    SYS_truncate64,
#endif
#ifdef SYS_setxattr
    SYS_setxattr,
#endif
#ifdef SYS_lsetxattr
    SYS_lsetxattr,
#endif
#ifdef SYS_fsetxattr
    SYS_fsetxattr,
#endif
#ifdef SYS_removexattr
    SYS_removexattr,
#endif
#ifdef SYS_lremovexattr
    SYS_lremovexattr,
#endif
#ifdef SYS_fremovexattr
    SYS_fremovexattr,
#endif
#ifdef SYS_utime
    SYS_utime,
#endif
#ifdef SYS_utimes
    SYS_utimes,
#endif
#ifdef SYS_futimesat
    SYS_futimesat,
#endif
#ifdef SYS_mknod
    SYS_mknod,
#endif
#ifdef SYS_mknodat
    SYS_mknodat,
#endif
#ifdef SYS_link
    SYS_link,
#endif
#ifdef SYS_linkat
    SYS_linkat,
#endif
#ifdef SYS_symlink
    SYS_symlink,
#endif
#ifdef SYS_symlinkat
    SYS_symlinkat,
#endif
/* how much of the machine this process, or another of its user, may have */
#ifdef SYS_setrlimit
    SYS_setrlimit,
#endif
#ifdef SYS_setpriority
    SYS_setpriority,
#endif
#ifdef SYS_ioprio_set
    SYS_ioprio_set,
#endif
#ifdef SYS_sched_setparam
    SYS_sched_setparam,
#endif
#ifdef SYS_sched_setscheduler
    SYS_sched_setscheduler,
#endif
#ifdef SYS_sched_setattr
    SYS_sched_setattr,
#endif
#ifdef SYS_sched_setaffinity
    SYS_sched_setaffinity,
#endif
/* other users */
#ifdef SYS_setuid
    SYS_setuid,
#endif
#ifdef SYS_setgid
    SYS_setgid,
#endif
#ifdef SYS_setreuid
    SYS_setreuid,
#endif
#ifdef SYS_setregid
    SYS_setregid,
#endif
#ifdef SYS_setresuid
    SYS_setresuid,
#endif
#ifdef SYS_setresgid
    SYS_setresgid,
#endif
#ifdef SYS_setfsuid
    SYS_setfsuid,
#endif
#ifdef SYS_setfsgid
    SYS_setfsgid,
#endif
#ifdef SYS_setgroups
    SYS_setgroups,
#endif
#ifdef SYS_capset
    SYS_capset,
#endif
/* other views of the system */
#ifdef SYS_mount
    SYS_mount,
#endif
#ifdef SYS_umount
    SYS_umount,
#endif
#ifdef SYS_umount2
    SYS_umount2,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
#ifdef SYS_move_mount
    SYS_move_mount,
#endif
#ifdef SYS_open_tree
    SYS_open_tree,
#endif
#ifdef SYS_fsopen
    SYS_fsopen,
#endif
#ifdef SYS_fsconfig
    SYS_fsconfig,
#endif
#ifdef SYS_fsmount
    SYS_fsmount,
#endif
#ifdef SYS_fspick
    SYS_fspick,
#endif
#ifdef SYS_pivot_root
    SYS_pivot_root,
#endif
#ifdef SYS_chroot
    SYS_chroot,
#endif
#ifdef SYS_unshare
    SYS_unshare,
#endif
#ifdef SYS_setns
    SYS_setns,
#endif
/* what the administrator does */
#ifdef SYS_acct
    SYS_acct,
#endif
#ifdef SYS_adjtimex
    SYS_adjtimex,
#endif
#ifdef SYS_clock_adjtime
    SYS_clock_adjtime,
#endif
#ifdef SYS_clock_settime
    SYS_clock_settime,
#endif
#ifdef SYS_settimeofday
    SYS_settimeofday,
#endif
#ifdef SYS_stime
    SYS_stime,
#endif
#ifdef SYS_sethostname
    SYS_sethostname,
#endif
#ifdef SYS_setdomainname
    SYS_setdomainname,
#endif
#ifdef SYS_init_module
    SYS_init_module,
#endif
#ifdef SYS_finit_module
    SYS_finit_module,
#endif
#ifdef SYS_delete_module
    SYS_delete_module,
#endif
#ifdef SYS_create_module
    SYS_create_module,
#endif
#ifdef SYS_kexec_load
    SYS_kexec_load,
#endif
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_reboot
    SYS_reboot,
#endif
#ifdef SYS_swapon
    SYS_swapon,
#endif
#ifdef SYS_swapoff
    SYS_swapoff,
#endif
#ifdef SYS_quotactl
    SYS_quotactl,
#endif
#ifdef SYS_quotactl_fd
    SYS_quotactl_fd,
#endif
#ifdef SYS_syslog
    SYS_syslog,
#endif
#ifdef SYS_vhangup
    SYS_vhangup,
#endif
#ifdef SYS_ioperm
    SYS_ioperm,
#endif
#ifdef SYS_iopl
    SYS_iopl,
#endif
#ifdef SYS_nfsservctl
    SYS_nfsservctl,
#endif
#ifdef SYS_lookup_dcookie
    SYS_lookup_dcookie,
#endif
#ifdef SYS_migrate_pages
    SYS_migrate_pages,
#endif
#ifdef SYS_move_pages
    SYS_move_pages,
#endif
#ifdef SYS_mbind
    SYS_mbind,
#endif
#ifdef SYS_set_mempolicy
    SYS_set_mempolicy,
#endif
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Two for each call, and what is looked into. */
#define FILTER_MAX \
	(2 * (COUNT(processes) + COUNT(connections) + COUNT(others)) + 80)

struct filter {
	struct sock_filter line[FILTER_MAX];
	unsigned short lines;
};

static void
add(struct filter *f, unsigned code, unsigned k, unsigned yes, unsigned no)
{
	f->line[f->lines++] = (struct sock_filter){.code = (unsigned short)code,
	    .jt = (unsigned char)yes,
	    .jf = (unsigned char)no,
	    .k = k};
}

/* If the word that was loaded is k, skip yes lines, else no. */
static void
add_if(struct filter *f, unsigned k, unsigned yes, unsigned no)
{
	add(f, BPF_JMP | BPF_JEQ | BPF_K, k, yes, no);
}

static void
load(struct filter *f, size_t offset)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void
load_number(struct filter *f)
{
	load(f, offsetof(struct seccomp_data, nr));
}

/* The lower half, which is all that the kernel takes of these. */
static void
load_argument(struct filter *f, unsigned i)
{
	load(f, offsetof(struct seccomp_data, args) + i * sizeof(uint64_t));
}

static void
load_upper_half(struct filter *f, unsigned i)
{
	load(f,
	    offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) +
		sizeof(uint32_t));
}

static void
end_with(struct filter *f, unsigned action)
{
	add(f, BPF_RET | BPF_K, action, 0, 0);
}

static void
refuse(struct filter *f, const unsigned *call, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add_if(f, call[i], 0, 1);
		end_with(f, SECCOMP_RET_ERRNO | EPERM);
	}
}

/*
 * A new process, which is a clone(2) that is no thread.  The flags of clone3(2)
 * are in memory, where a filter does not see them; libc does without it where
 * the kernel has none.
 */
static void
refuse_processes(struct filter *f)
{
	refuse(f, processes, COUNT(processes));
	add_if(f, 435, 0, 1); /* clone3(2), of all architectures */
	end_with(f, SECCOMP_RET_ERRNO | ENOSYS);
	add_if(f, SYS_clone, 0, 4);
	load_argument(f, 0);
	add(f, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
	load_number(f);
	/* A thread may call another one of this process. */
	add_if(f, SYS_tgkill, 0, 4);
	load_argument(f, 0);
	add_if(f, (unsigned)getpid(), 1, 0);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
	load_number(f);
}

/* Refuse call where its argument i is one of n values. */
static void
refuse_values(struct filter *f, unsigned call, unsigned i,
    const unsigned *value, unsigned n)
{
	add_if(f, call, 0, n + 3);
	load_argument(f, i);
	for (unsigned at = 0; at < n; at++)
		add_if(f, value[at], n - at - 1, at + 1 < n ? 0 : 1);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
	load_number(f);
}

/*
 * What is typed into the terminal that a person started us from, and signals to
 * others, which the kernel sends for whoever owns a file.
 */
static void
refuse_requests(struct filter *f)
{
	static const unsigned request[] = {
	    TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP};
	static const unsigned command[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG};

	refuse_values(f, SYS_ioctl, 1, request, (unsigned)COUNT(request));
#ifdef SYS_fcntl
	refuse_values(f, SYS_fcntl, 1, command, (unsigned)COUNT(command));
#endif
#ifdef SYS_fcntl64
	refuse_values(f, SYS_fcntl64, 1, command, (unsigned)COUNT(command));
#endif
}

/*
 * SQLite gives a file that it makes beside the store the store's mode, and as
 * root the store's owner.  Nothing else of the kind is asked for.
 */
static void
refuse_modes(struct filter *f)
{
	add_if(f, SYS_fchmod, 0, 4);
	load_argument(f, 1);
	add(f, BPF_JMP | BPF_JSET | BPF_K, ~(unsigned)STORE_MODE, 0, 1);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
	load_number(f);
	if (geteuid() == 0)
		return;
	add_if(f, SYS_fchown, 0, 1);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
#ifdef SYS_fchown32
	add_if(f, SYS_fchown32, 0, 1);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
#endif
}

/* A limit of its own may be asked for, not set. */
static void
refuse_limits(struct filter *f)
{
#ifdef SYS_prlimit64
	add_if(f, SYS_prlimit64, 0, 8);
	load_argument(f, 0);
	add_if(f, 0, 0, 4);
	load_argument(f, 2);
	add_if(f, 0, 0, 2);
	load_upper_half(f, 2);
	add_if(f, 0, 1, 0);
	end_with(f, SECCOMP_RET_ERRNO | EPERM);
	load_number(f);
#else
	(void)f;
#endif
}

static void
make(struct filter *f, bool connects)
{
	load(f, offsetof(struct seccomp_data, arch));
	add_if(f, ARCHITECTURE, 1, 0);
	end_with(f, SECCOMP_RET_ERRNO | ENOSYS);
	load_number(f);
#ifdef NUMBERS_END
	add(f, BPF_JMP | BPF_JGE | BPF_K, NUMBERS_END, 0, 1);
	end_with(f, SECCOMP_RET_ERRNO | ENOSYS);
#endif
	refuse(f, others, COUNT(others));
	if (!connects)
		refuse(f, connections, COUNT(connections));
	refuse_requests(f);
	refuse_modes(f);
	refuse_limits(f);
	if (!SANITIZED)
		refuse_processes(f);
	end_with(f, SECCOMP_RET_ALLOW);
}

bool
confine_calls_offered(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, GET_ACTION_AVAIL, 0, &action) == 0;
}

int
confine_calls_begin(bool connects)
{
	struct filter f = {.lines = 0};
	struct sock_fprog program = {.filter = f.line};

	make(&f, connects);
	program.len = f.lines;
	/*
	 * Nothing is run here that would be held off from guessing at memory by
	 * slower loads, which kernels before 5.16 would make of a filter.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SPEC_ALLOW,
		&program) == 0)
		return 0;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

#endif
