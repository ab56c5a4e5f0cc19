#include "host/plugin/isolation/sandbox.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

namespace qwen::host::plugin {
namespace {

constexpr rlim_t kMemory = rlim_t{512} << 20;
constexpr rlim_t kProcessorSeconds = 30;
constexpr rlim_t kFiles = 32;

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the list of system calls was checked for x86-64 and arm64 only"
#endif

bool limit(__rlimit_resource resource, rlim_t value) {
    const rlimit both{value, value};
    return ::setrlimit(resource, &both) == 0;
}

// ---- seccomp ----

/// What any library needs to compute, allocate, wait and end, whatever the arguments.
constexpr int kHarmless[] = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_lseek, SYS_mmap, SYS_mprotect, SYS_munmap,
    SYS_mremap, SYS_madvise, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_dup, SYS_dup3, SYS_nanosleep,
    SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid,
    SYS_getegid, SYS_exit, SYS_exit_group, SYS_futex, SYS_sched_yield, SYS_sched_getaffinity, SYS_getrandom, SYS_ppoll, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_pwait, SYS_eventfd2, SYS_pipe2, SYS_set_robust_list, SYS_rseq, SYS_set_tid_address, SYS_membarrier, SYS_restart_syscall, SYS_uname,
    SYS_sysinfo, SYS_getcwd, SYS_fcntl, SYS_close_range, SYS_getrusage, SYS_times, SYS_sendto, SYS_recvfrom,
#if defined(__x86_64__)
    SYS_stat, SYS_lstat, SYS_poll, SYS_time, SYS_dup2, SYS_pipe, SYS_access, SYS_readlink, SYS_epoll_wait, SYS_getrlimit,
#else
    SYS_faccessat, SYS_readlinkat, SYS_getrlimit,
#endif
};

constexpr std::uint32_t kErrorNotPermitted = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kErrorNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kErrorNoAccess = SECCOMP_RET_ERRNO | EACCES;

/// Assembles one filter: rules in order, the first that fits decides.
class Filter {
public:
    Filter() {
        load(offsetof(seccomp_data, arch));
        add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
        answer(SECCOMP_RET_KILL_PROCESS);
        load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
        // The x32 numbers name the same calls once more.
        add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1);
        answer(SECCOMP_RET_KILL_PROCESS);
#endif
    }

    void rule(int call, std::uint32_t action) {
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
        answer(action);
    }
    /// Allowed when (low half of argument `index` & mask) == value, refused with `otherwise` if not. The high half of an int is of no meaning.
    void rule_if(int call, unsigned index, std::uint32_t mask, std::uint32_t value, std::uint32_t otherwise) {
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 5);
        load(static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t)));
        add(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
        answer(SECCOMP_RET_ALLOW);
        answer(otherwise);
    }
    /// Allowed when a pointer argument is NULL.
    void rule_if_null(int call, unsigned index) {
        const auto place = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 6);
        load(place);
        add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
        load(place + 4);
        add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
        answer(SECCOMP_RET_ALLOW);
        answer(kErrorNotPermitted);
    }
    void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action, 0, 0); }

    [[nodiscard]] bool install() {
        sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
        // TSYNC: a constructor of a library may have started a thread by the time of the second filter.
        return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
    }

private:
    void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset), 0, 0); }
    void add(int code, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
        code_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
    }

    std::vector<sock_filter> code_;
};

bool install_loading_filter(Threads threads) {
    Filter filter;
    for (const int call : kHarmless) filter.rule(call, SECCOMP_RET_ALLOW);
    filter.rule_if(SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE, O_RDONLY, kErrorNoAccess);
#if defined(__x86_64__)
    filter.rule_if(SYS_open, 1, O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE, O_RDONLY, kErrorNoAccess);
#endif
    // abort() and raise() signal their own process; nobody else's may be.
    const auto self = static_cast<std::uint32_t>(::getpid());
    filter.rule_if(SYS_tgkill, 0, ~0U, self, kErrorNotPermitted);
    filter.rule_if(SYS_kill, 0, ~0U, self, kErrorNotPermitted);
    filter.rule_if_null(SYS_prlimit64, 2);
    // The arguments of clone3 are behind a pointer, which a filter cannot follow; glibc takes clone instead.
    filter.rule(SYS_clone3, kErrorNoSuchCall);
    if (threads == Threads::allowed) filter.rule_if(SYS_clone, 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM, kErrorNotPermitted);
    // For the second filter, and for nothing else: a filter can only take away.
    filter.rule_if(SYS_seccomp, 0, ~0U, SECCOMP_SET_MODE_FILTER, kErrorNotPermitted);
    filter.answer(kErrorNotPermitted);
    return filter.install();
}

bool install_calls_filter() {
    Filter filter;
    filter.rule(SYS_openat, kErrorNoAccess);
#if defined(__x86_64__)
    filter.rule(SYS_open, kErrorNoAccess);
#endif
    filter.rule(SYS_seccomp, kErrorNotPermitted);
    filter.answer(SECCOMP_RET_ALLOW);
    return filter.install();
}

// ---- Landlock ----

constexpr std::uint64_t kLoadRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
/// All of the first version: everything but what is allowed below is refused.
constexpr std::uint64_t kFirstVersionRights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::array kLibraryPlaces{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"};

void allow_reading(int rules, const char* place) {
    const int opened = ::open(place, O_PATH | O_CLOEXEC);
    if (opened < 0) return;
    landlock_path_beneath_attr rule{};
    rule.allowed_access = kLoadRights;
    rule.parent_fd = opened;
    ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    ::close(opened);
}

std::uint32_t confine_files() {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version <= 0) return 0;
    std::uint64_t handled = kFirstVersionRights;
    const int rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
    if (rules < 0) return 0;
    for (const char* const place : kLibraryPlaces) allow_reading(rules, place);
    const bool in_force = ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    ::close(rules);
    return in_force ? static_cast<std::uint32_t>(version) : 0;
}

}  // namespace

std::string IsolationReport::summary() const {
    std::string text = "own process";
    if (limits) text += ", limits";
    if (seccomp) text += ", seccomp";
    if (landlock_abi > 0) text += ", landlock " + std::to_string(landlock_abi);
    return text;
}

void limit_process(IsolationReport& report) {
    report.own_session = ::getsid(0) == ::getpid();
    report.dies_with_parent = ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
    report.no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    report.not_dumpable = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    report.limits = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, kFiles) && limit(RLIMIT_CPU, kProcessorSeconds);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // A sanitizer's shadow memory is terabytes of addresses.
    report.limits = limit(RLIMIT_AS, kMemory) && report.limits;
#endif
}

void confine_for_loading(Threads threads, IsolationReport& report) {
    if (threads == Threads::none) report.limits = limit(RLIMIT_NPROC, 0) && report.limits;
    report.landlock_abi = confine_files();
    report.seccomp = install_loading_filter(threads);
}

void confine_for_calls(IsolationReport& report) { report.seccomp = report.seccomp && install_calls_filter(); }

}  // namespace qwen::host::plugin
