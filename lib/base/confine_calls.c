/*
 * The list of system calls that are refused; the only user of libseccomp.
 *
 * A name that the library does not know yet is left out: the kernel may have
 * it, but nothing that was built with this library can be told of it.
 */
#define _GNU_SOURCE /* the flags of clone(2) */

#include "base/confine_calls.h"

#include <errno.h>

#ifdef WITHOUT_SECCOMP

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

#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GET_ACTION_AVAIL 2 /* SECCOMP_GET_ACTION_AVAIL */
#define ACTION_ERRNO 0x00050000U /* SECCOMP_RET_ERRNO */

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
static const char *const processes[] = {"execve", "execveat", "fork", "vfork",
    "kill", "tkill", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "process_mrelease", "kcmp", "pidfd_open", "pidfd_getfd",
    "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "setpgid",
    "setsid"};

/* Connections that nobody made to us. */
static const char *const connections[] = {
    "socket", "socketpair", "connect", "bind", "listen", "socketcall"};

static const char *const others[] = {
    /* ways around this list, and around who owns what is asked for */
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    "open_by_handle_at", "name_to_handle_at", "userfaultfd", "bpf",
    "perf_event_open", "personality", "modify_ldt", "uselib", "keyctl",
    "add_key", "request_key", "fanotify_init",
    /* what Landlock leaves open, or does before its third version */
    "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "truncate",
    "truncate64", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
    "lremovexattr", "fremovexattr", "utime", "utimes", "futimesat", "mknod",
    "mknodat", "link", "linkat", "symlink", "symlinkat",
    /* other users */
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
    "setfsuid", "setfsgid", "setgroups", "capset",
    /* other views of the system */
    "mount", "umount", "umount2", "mount_setattr", "move_mount", "open_tree",
    "fsopen", "fsconfig", "fsmount", "fspick", "pivot_root", "chroot",
    "unshare", "setns",
    /* what the administrator does */
    "acct", "adjtimex", "clock_adjtime", "clock_settime", "settimeofday",
    "stime", "sethostname", "setdomainname", "init_module", "finit_module",
    "delete_module", "create_module", "kexec_load", "kexec_file_load", "reboot",
    "swapon", "swapoff", "quotactl", "quotactl_fd", "syslog", "vhangup",
    "ioperm", "iopl", "nfsservctl", "lookup_dcookie", "migrate_pages",
    "move_pages", "mbind", "set_mempolicy"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
refuse(scmp_filter_ctx f, const char *const *name, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		int call = seccomp_syscall_resolve_name(name[i]);

		if (call != __NR_SCMP_ERROR)
			rc = seccomp_rule_add_array(
			    f, SCMP_ACT_ERRNO(EPERM), call, 0, NULL);
	}
	return rc;
}

/* Refuse it where an argument is as said. */
static int
refuse_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp argument)
{
	return seccomp_rule_add_array(
	    f, SCMP_ACT_ERRNO(EPERM), call, 1, &argument);
}

/*
 * A new process, which is a clone(2) that is no thread.  The flags of clone3(2)
 * are in memory, where a filter does not see them; libc does without it where
 * the kernel has none.
 */
static int
refuse_processes(scmp_filter_ctx f)
{
	int rc = refuse(f, processes, COUNT(processes));

	if (rc == 0)
		rc = seccomp_rule_add_array(
		    f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
	if (rc == 0)
		rc = refuse_if(f, SCMP_SYS(clone),
#ifdef __s390x__
		    SCMP_A1_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)
#else
		    SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)
#endif
		);
	/* A thread may call another one of this process. */
	if (rc == 0)
		rc = refuse_if(f, SCMP_SYS(tgkill),
		    SCMP_A0_32(SCMP_CMP_NE, (uint32_t)getpid()));
	return rc;
}

/* What is typed into the terminal that a person started us from. */
static int
refuse_typing(scmp_filter_ctx f)
{
	int rc = refuse_if(
	    f, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TIOCSTI));

	return rc != 0
	    ? rc
	    : refuse_if(f, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TIOCLINUX));
}

bool
confine_calls_offered(void)
{
	const uint32_t action = ACTION_ERRNO;

	return syscall(SYS_seccomp, GET_ACTION_AVAIL, 0, &action) == 0;
}

int
confine_calls_begin(bool connects)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int rc = f == NULL ? -ENOMEM : 0;

	/*
	 * Nothing is run here that would be held off from guessing at memory by
	 * slower loads, which kernels before 5.16 would make of a filter.
	 */
	if (rc == 0)
		(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_SSB, 1);
	if (rc == 0)
		rc = refuse(f, others, COUNT(others));
	if (rc == 0 && !connects)
		rc = refuse(f, connections, COUNT(connections));
	if (rc == 0)
		rc = refuse_typing(f);
	if (rc == 0 && !SANITIZED)
		rc = refuse_processes(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (rc == 0)
		return 0;
	errno = -rc;
	return -1;
}

#endif
