// A provider that does one wrong thing at one place. Which, stands in eight bytes of the file that the runner rewrites, so that one build is every
// misbehaviour and each is a file of its own.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "qwen/plugin.h"
#include "tests/fault_zoo/behaviours.h"

namespace {

extern "C" {
__attribute__((used)) volatile const unsigned char zoo_choice[8] = {'Z', 'O', 'O', '!', 0, 0, '!', 'Z'};
}

const qwen_host* g_host = nullptr;
volatile int g_zero = 0;
volatile std::uintptr_t g_wild = 0x10;

struct Visit {
    qwen_call* call = nullptr;
    const qwen_sink_ops* ops = nullptr;
    qwen_sink* sink = nullptr;
};

qwen_str text(const char* words) { return {words, static_cast<std::uint32_t>(std::strlen(words)), 0}; }

/// True: what the sandbox is there to stop has worked.
using Escaped = bool;

__attribute__((noinline)) int dig(int depth) {
    volatile char ground[4096];
    ground[depth % 4096] = static_cast<char>(depth);
    return dig(depth + 1) + ground[0];
}

__attribute__((noinline)) void overrun(volatile char* stack, int size) {
    for (int i = 0; i < size; ++i) stack[i] = 0x41;
}

void* idle(void*) { return nullptr; }

template <typename Table>
const Table* service(const char* id) { return static_cast<const Table*>(g_host->get_extension(g_host->ctx, id)); }

void set_error(const Visit& visit, qwen_str message) {
    const qwen_error error{sizeof(qwen_error), QWEN_ERR_INTERNAL, message, {}, {}};
    g_host->error(visit.call, &error);
}

void send_http(const Visit& visit, const char* url, std::uint32_t size, qwen_str body) {
    const qwen_http_request request{size, 0, text("GET"), text(url), nullptr, 0, 0, body};
    qwen_http_response response{};
    response.struct_size = size;
    (void)service<qwen_host_http_v1>(QWEN_EXT_HTTP)->perform(visit.call, &request, &response);
}

void write_frame(std::uint32_t size, std::uint8_t kind, const void* bytes, std::size_t length) {
    unsigned char frame[13 + 256] = {};
    std::memcpy(frame, &size, sizeof size);
    frame[4] = kind;
    frame[5] = 1;
    if (bytes != nullptr) std::memcpy(frame + 13, bytes, length);
    (void)!::write(3, frame, 13 + length);
}

bool opens(const char* path, int flags) { return ::open(path, flags, 0600) >= 0; }

Escaped fork_with(long call) {
    const long child = ::syscall(call, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) ::_exit(0);
    return child > 0;
}

Escaped misbehave(int behaviour, const Visit& visit) {
    static char megabyte[2 << 20];
    switch (behaviour) {
        case zoo_null_read: return *reinterpret_cast<volatile char*>(g_wild) == 1;
        case zoo_null_write: *reinterpret_cast<volatile char*>(g_wild) = 1; return false;
        case zoo_wild_jump: reinterpret_cast<void (*)()>(g_wild)(); return false;
        case zoo_write_to_code: *reinterpret_cast<volatile char*>(&dig) = 0; return false;
        case zoo_illegal_instruction: __builtin_trap();
        case zoo_divide_by_zero: ::raise(SIGFPE); return false;
        case zoo_bus_error: ::raise(SIGBUS); return false;
        case zoo_call_abort: std::abort();
        case zoo_call_exit: std::exit(7);
        case zoo_call_exit_zero: std::exit(0);
        case zoo_call_underscore_exit: ::_exit(0);
        case zoo_call_quick_exit: std::quick_exit(3);
        case zoo_terminate: std::terminate();
        case zoo_kill_itself: ::kill(::getpid(), SIGKILL); return false;
        case zoo_stack_overflow: return dig(g_zero) == 1;
        case zoo_smash_stack: {
            volatile char small[16];
            overrun(small, 1 << 24);
            return false;
        }
        case zoo_free_garbage: std::free(reinterpret_cast<void*>(g_wild + 0x1000)); return false;
        case zoo_double_free: {
            void* volatile memory = std::malloc(24 + static_cast<std::size_t>(g_zero));
            std::free(memory);
            std::free(memory);
            return false;
        }
        case zoo_hang_busy: for (;;) g_zero = 0;
        case zoo_hang_asleep: for (;;) ::pause(), ::sleep(1);
        case zoo_hang_masking_signals: {
            sigset_t every;
            sigfillset(&every);
            ::sigprocmask(SIG_BLOCK, &every, nullptr);
            for (;;) ::sleep(1);
        }
        case zoo_stop_itself: ::raise(SIGTSTP); return false;
        case zoo_close_all_files: ::close_range(0, ~0U, 0); return false;
        case zoo_garbage_on_socket: (void)!::write(3, "garbage that is no frame at all, and then some more of it", 57); return false;
        case zoo_huge_frame_on_socket: write_frame(0xffffffffU, 4, nullptr, 0); return false;
        case zoo_forged_result: write_frame(4, 4, "\0\0\0\0", 4); return false;
        case zoo_flood_of_frames: for (;;) write_frame(0, 7, nullptr, 0);
        case zoo_half_a_frame: write_frame(1000, 4, nullptr, 0); ::_exit(0);
        case zoo_shut_socket_down: (void)::shutdown(3, SHUT_RDWR); ::close(3); return false;
        case zoo_throw_exception: throw std::runtime_error("a C++ exception");
        case zoo_throw_number: throw 42;
        case zoo_allocate_ten_gigabytes: return ::mmap(nullptr, std::size_t{10} << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
        case zoo_allocate_without_end:
            while (void* const block = std::malloc(1 << 20)) *static_cast<volatile char*>(block) = 1;
            return false;
        case zoo_leak_descriptors:
            for (int i = 0; i < 1000; ++i) if (::dup(1) < 0) return false;
            return true;
        case zoo_call_fork: { const pid_t child = ::fork(); if (child == 0) ::_exit(0); return child > 0; }
        case zoo_call_vfork: return fork_with(SYS_clone);
        case zoo_fork_bomb: for (int i = 0; i < 100; ++i) if (fork_with(SYS_clone)) return true; return false;
        case zoo_start_thread: { pthread_t thread; return ::pthread_create(&thread, nullptr, idle, nullptr) == 0; }
        case zoo_execute_program: ::execl("/bin/true", "true", nullptr); return false;
        case zoo_run_shell: return std::system("exit 0") == 0;
        case zoo_open_inet_socket: return ::socket(AF_INET, SOCK_STREAM, 0) >= 0;
        case zoo_open_unix_socket: return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
        case zoo_read_passwd: return opens("/etc/passwd", O_RDONLY);
        case zoo_read_home: return opens("/proc/self/environ", O_RDONLY);
        case zoo_write_file: return opens("/tmp/qwen-fault-zoo", O_WRONLY | O_CREAT);
        case zoo_make_directory: return ::mkdir("/tmp/qwen-fault-zoo-directory", 0700) == 0;
        case zoo_remove_file: return ::unlink("/tmp/qwen-fault-zoo") == 0;
        case zoo_kill_parent: return ::kill(::getppid(), 0) == 0;
        case zoo_kill_everybody: return ::kill(-1, 0) == 0;
        case zoo_trace_parent: return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) == 0;
        case zoo_read_parent_memory: {
            char byte = 0;
            iovec here{&byte, 1};
            iovec there{megabyte, 1};
            return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0) == 1;
        }
        case zoo_raise_limits: { const rlimit all{RLIM_INFINITY, RLIM_INFINITY}; return ::setrlimit(RLIMIT_AS, &all) == 0; }
        case zoo_become_dumpable: return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
        case zoo_survive_parent: return ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
        case zoo_mount_something: return ::mount("none", "/mnt", "tmpfs", 0, nullptr) == 0;
        case zoo_new_namespace: return ::unshare(CLONE_NEWUSER) == 0;
        case zoo_load_bpf: return ::syscall(SYS_bpf, 0, nullptr, 0) >= 0;
        case zoo_change_directory: return ::chdir("/tmp") == 0;
        case zoo_load_library_from_tmp: return ::dlopen("/tmp/qwen-fault-zoo.so", RTLD_NOW) != nullptr;
        case zoo_print_to_stdout: std::puts("NOISE FROM THE ZOO"); std::fflush(stdout); return false;
        case zoo_print_escapes_to_stderr: std::fputs("\033]0;NOISE FROM THE ZOO\007", stderr); return false;
        case zoo_write_every_descriptor: for (int fd = 4; fd < 64; ++fd) (void)!::write(fd, "NOISE FROM THE ZOO", 18); return false;
        case zoo_ignore_signals: for (int i = 1; i < 65; ++i) (void)::signal(i, SIG_IGN); return false;
        case zoo_handle_signals: for (int i = 1; i < 65; ++i) (void)::signal(i, [](int) {}); return false;
        case zoo_change_locale: (void)std::setlocale(LC_ALL, ""); return false;
        case zoo_change_environment: ::setenv("PATH", "/evil", 1); return false;
        case zoo_exit_handler: std::atexit([] { std::abort(); }); return false;
        case zoo_error_with_null_text: set_error(visit, {nullptr, 100, 0}); return false;
        case zoo_error_with_wild_pointer: set_error(visit, {reinterpret_cast<const char*>(g_wild), 100, 0}); return false;
        case zoo_error_too_short: { const qwen_error error{4, 1, text("short"), {}, {}}; g_host->error(visit.call, &error); return false; }
        case zoo_error_with_invalid_utf8: set_error(visit, text("\xff\xfe\xc0\x80")); return false;
        case zoo_error_with_escapes: set_error(visit, text("\033[2J\r\nqwen: all is well")); return false;
        case zoo_error_of_a_megabyte: std::memset(megabyte, 'x', sizeof megabyte); set_error(visit, {megabyte, sizeof megabyte, 0}); return false;
        case zoo_null_sink: if (visit.ops != nullptr) (void)visit.ops->set_header(nullptr, text("a"), text("b")); return false;
        case zoo_null_call: (void)service<qwen_host_settings_v1>(QWEN_EXT_SETTINGS)->get(nullptr, text("x"), nullptr); return false;
        case zoo_wild_call: (void)g_host->cancelled(reinterpret_cast<qwen_call*>(g_wild)); return false;
        case zoo_http_in_offline_call: send_http(visit, "https://api.example.com/", sizeof(qwen_http_request), {}); return false;
        case zoo_http_to_foreign_server: send_http(visit, "https://evil.example/", sizeof(qwen_http_request), {}); return false;
        case zoo_http_too_short: send_http(visit, "https://api.example.com/", 8, {}); return false;
        case zoo_http_of_two_megabytes: send_http(visit, "https://api.example.com/", sizeof(qwen_http_request), {megabyte, sizeof megabyte, 0}); return false;
        case zoo_setting_of_another: {
            qwen_setting setting{};
            setting.struct_size = sizeof setting;
            (void)service<qwen_host_settings_v1>(QWEN_EXT_SETTINGS)->get(visit.call, text("../openai_compat.api_key"), &setting);
            return false;
        }
        case zoo_secret_of_a_megabyte: (void)service<qwen_host_secrets_v1>(QWEN_EXT_SECRETS)->put_if(visit.call, text("k"), {megabyte, 1 << 20, 0}, 0, 0, nullptr); return false;
        case zoo_ten_thousand_logs: for (int i = 0; i < 10'000; ++i) g_host->log(g_host->ctx, visit.call, 1, text("line")); return false;
        case zoo_unknown_service: return g_host->get_extension(g_host->ctx, "qwen.nothing/9") != nullptr;
        default: break;
    }
    if (visit.ops == nullptr) return false;
    qwen_state state{};
    switch (behaviour) {
        case zoo_header_with_line_break: (void)visit.ops->set_header(visit.sink, text("a"), text("b\r\nX-Evil: 1")); return false;
        case zoo_header_null_with_length: (void)visit.ops->set_header(visit.sink, text("a"), {nullptr, 5, 0}); return false;
        case zoo_header_of_four_gigabytes: (void)visit.ops->set_header(visit.sink, text("a"), {"b", 0xffffffffU, 0}); return false;
        case zoo_header_without_end: std::memset(megabyte, 'x', sizeof megabyte); (void)visit.ops->set_header(visit.sink, text("a"), {megabyte, sizeof megabyte, 0}); return false;
        case zoo_ten_thousand_headers:
            for (int i = 0; i < 10'000; ++i) {
                char name[16];
                std::snprintf(name, sizeof name, "h%d", i);
                (void)visit.ops->set_header(visit.sink, text(name), text("v"));
            }
            return false;
        case zoo_state_too_short: state.struct_size = 8; (void)visit.ops->set_state(visit.sink, &state); return false;
        case zoo_state_unknown: state.struct_size = sizeof state; state.kind = 77; (void)visit.ops->set_state(visit.sink, &state); return false;
        default: return false;
    }
}

qwen_status visit_place(int place, const Visit& visit) {
    const int behaviour = zoo_choice[4];
    if (zoo_choice[5] != place) return QWEN_OK;
    if (misbehave(behaviour, visit)) {
        if (visit.call != nullptr) set_error(visit, text("escaped"));
        return QWEN_ERR_INTERNAL;
    }
    return behaviour == zoo_unknown_status ? 0xdeadU : QWEN_OK;
}

qwen_status create(qwen_call* call, qwen_instance** instance) {
    static char instance_of_the_zoo;
    *instance = reinterpret_cast<qwen_instance*>(&instance_of_the_zoo);
    return visit_place(zoo_at_create, {call, nullptr, nullptr});
}
void destroy(qwen_instance*) { (void)visit_place(zoo_at_destroy, {}); }
qwen_status state(qwen_instance*, qwen_call* call, const qwen_sink_ops* ops, qwen_sink* sink) {
    const qwen_state ready{sizeof(qwen_state), QWEN_STATE_READY, 0, {}, {}};
    (void)ops->set_state(sink, &ready);
    return visit_place(zoo_at_state, {call, ops, sink});
}
qwen_status authorize(qwen_instance*, qwen_call* call, const qwen_request*, const qwen_sink_ops* ops, qwen_sink* sink) {
    return visit_place(zoo_at_authorize, {call, ops, sink});
}
qwen_status on_response(qwen_instance*, qwen_call* call, const qwen_response*, const qwen_sink_ops* ops, qwen_sink* sink) {
    return visit_place(zoo_at_on_response, {call, ops, sink});
}
qwen_status login(qwen_instance*, qwen_call* call, qwen_str) { return visit_place(zoo_at_login, {call, nullptr, nullptr}); }
qwen_status logout(qwen_instance*, qwen_call* call) { return visit_place(zoo_at_logout, {call, nullptr, nullptr}); }
qwen_status refresh(qwen_instance*, qwen_call* call) { return visit_place(zoo_at_refresh, {call, nullptr, nullptr}); }
qwen_status account_status(qwen_instance*, qwen_call* call, const qwen_sink_ops* ops, qwen_sink* sink) {
    return visit_place(zoo_at_account_status, {call, ops, sink});
}
qwen_status list_models(qwen_instance*, qwen_call* call, const qwen_sink_ops* ops, qwen_sink* sink) {
    return visit_place(zoo_at_list_models, {call, ops, sink});
}
qwen_status sign(qwen_instance*, qwen_call* call, const qwen_final_request*, const qwen_sink_ops* ops, qwen_sink* sink) {
    return visit_place(zoo_at_sign, {call, ops, sink});
}

const void* get_extension(const char* id) {
    static const qwen_provider_login_v1 login_table{sizeof login_table, 0, login, logout};
    static const qwen_provider_refresh_v1 refresh_table{sizeof refresh_table, 0, refresh};
    static const qwen_provider_account_v1 account_table{sizeof account_table, 0, account_status};
    static const qwen_provider_models_v1 models_table{sizeof models_table, 0, list_models};
    static const qwen_provider_sign_v1 sign_table{sizeof sign_table, 0, sign};
    if (std::strcmp(id, QWEN_EXT_LOGIN) == 0) return &login_table;
    if (std::strcmp(id, QWEN_EXT_REFRESH) == 0) return &refresh_table;
    if (std::strcmp(id, QWEN_EXT_ACCOUNT) == 0) return &account_table;
    if (std::strcmp(id, QWEN_EXT_MODELS) == 0) return &models_table;
    return std::strcmp(id, QWEN_EXT_SIGN) == 0 ? &sign_table : nullptr;
}

const qwen_provider kProvider{sizeof(qwen_provider), QWEN_ABI_MINOR, "fault_zoo", "1.0.0", create, destroy, state, authorize, on_response, get_extension};

}  // namespace

const qwen_provider* qwen_provider_entry_v1(const qwen_host* host) {
    g_host = host;
    return visit_place(zoo_at_load, {}) == QWEN_OK ? &kProvider : nullptr;
}
