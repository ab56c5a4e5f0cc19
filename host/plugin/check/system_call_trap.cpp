#include "host/plugin/check/system_call_trap.hpp"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

namespace qwen::host::plugin::check {
namespace {

struct NamedCall {
    int number;
    const char* name;
};

#define QWEN_CALL(name) \
    NamedCall { SYS_##name, #name }
constexpr NamedCall kTrapped[] = {
    QWEN_CALL(openat),     QWEN_CALL(openat2),       QWEN_CALL(read),         QWEN_CALL(write),      QWEN_CALL(readv),
    QWEN_CALL(writev),     QWEN_CALL(pread64),       QWEN_CALL(pwrite64),     QWEN_CALL(newfstatat), QWEN_CALL(statx),
    QWEN_CALL(faccessat),  QWEN_CALL(readlinkat),    QWEN_CALL(getdents64),   QWEN_CALL(unlinkat),   QWEN_CALL(renameat2),
    QWEN_CALL(mkdirat),    QWEN_CALL(linkat),        QWEN_CALL(symlinkat),    QWEN_CALL(fchmodat),   QWEN_CALL(fchownat),
    QWEN_CALL(truncate),   QWEN_CALL(ftruncate),     QWEN_CALL(memfd_create), QWEN_CALL(ioctl),      QWEN_CALL(socket),
    QWEN_CALL(socketpair), QWEN_CALL(connect),       QWEN_CALL(bind),         QWEN_CALL(listen),     QWEN_CALL(sendto),
    QWEN_CALL(sendmsg),    QWEN_CALL(recvfrom),      QWEN_CALL(recvmsg),      QWEN_CALL(execve),     QWEN_CALL(execveat),
    QWEN_CALL(kill),       QWEN_CALL(ptrace),        QWEN_CALL(mount),        QWEN_CALL(nanosleep),  QWEN_CALL(clock_nanosleep),
    QWEN_CALL(pipe2),      QWEN_CALL(inotify_init1), QWEN_CALL(wait4),
#if defined(__x86_64__)
    QWEN_CALL(open),       QWEN_CALL(creat),         QWEN_CALL(stat),         QWEN_CALL(lstat),      QWEN_CALL(access),
    QWEN_CALL(readlink),   QWEN_CALL(unlink),        QWEN_CALL(rename),       QWEN_CALL(mkdir),      QWEN_CALL(rmdir),
    QWEN_CALL(link),       QWEN_CALL(symlink),       QWEN_CALL(chmod),        QWEN_CALL(chown),      QWEN_CALL(fork),
    QWEN_CALL(vfork),      QWEN_CALL(pipe),          QWEN_CALL(poll),         QWEN_CALL(select),
#endif
};
#undef QWEN_CALL

Blackboard* board_of_trap = nullptr;

void report(int, siginfo_t* info, void*) {
    const char* name = "fork";
    for (const auto& call : kTrapped)
        if (call.number == info->si_syscall) name = call.name;
    board_of_trap->fail(fmt::format("it makes the system call {} ({})", name, board_of_trap->place()));
}

/// A new process is a clone without CLONE_THREAD; threads are another rule's.
std::vector<sock_filter> make_filter() {
    const auto jump = [](std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
        return sock_filter{BPF_JMP | BPF_JEQ | BPF_K, if_true, if_false, value};
    };
    const auto load = [](std::size_t offset) { return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)}; };
    const auto answer = [](std::uint32_t action) { return sock_filter{BPF_RET | BPF_K, 0, 0, action}; };
    std::vector<sock_filter> code{load(offsetof(seccomp_data, nr))};
    for (const auto& call : kTrapped) {
        code.push_back(jump(static_cast<std::uint32_t>(call.number), 0, 1));
        code.push_back(answer(SECCOMP_RET_TRAP));
    }
    // The arguments of clone3 are behind a pointer; without it glibc takes clone.
    code.push_back(jump(SYS_clone3, 0, 1));
    code.push_back(answer(SECCOMP_RET_ERRNO | ENOSYS));
    code.push_back(jump(SYS_clone, 0, 3));
    code.push_back(load(offsetof(seccomp_data, args)));
    code.push_back({BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_THREAD});
    code.push_back(answer(SECCOMP_RET_TRAP));
    code.push_back(answer(SECCOMP_RET_ALLOW));
    return code;
}

}  // namespace

bool trap_system_calls(Blackboard& board) {
    board_of_trap = &board;
    struct sigaction action {};
    action.sa_sigaction = report;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (::sigaction(SIGSYS, &action, nullptr) != 0) return false;
    auto code = make_filter();
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace qwen::host::plugin::check
