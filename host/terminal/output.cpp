#include "host/terminal/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

/// Facts about the process's own streams: everything that is shown goes through here, so that nobody else has to think of them.
bool g_stdout_is_ascii = false;
bool g_stderr_is_ascii = false;

}  // namespace

Result<WriteOutcome> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EPIPE) {
            return WriteOutcome::reader_gone;
        } else if (errno == EAGAIN) {
            pollfd entry{fd, POLLOUT, 0};
            ::poll(&entry, 1, -1);
        } else if (errno != EINTR) {
            return Error{ErrorCode::storage_failed, std::string("the output could not be written: ") + std::strerror(errno), {}, std::nullopt};
        }
    }
    return WriteOutcome::written;
}

void write_ascii_to_terminals(const TerminalFacts& terminal) {
    g_stdout_is_ascii = terminal.stdout_is_terminal;
    g_stderr_is_ascii = terminal.stderr_is_terminal;
}

bool stdout_is_ascii() { return g_stdout_is_ascii; }

Result<WriteOutcome> write_to_stdout(std::string_view text) {
    return g_stdout_is_ascii ? write_all(STDOUT_FILENO, in_ascii(text)) : write_all(STDOUT_FILENO, text);
}

void write_to_stderr(std::string_view text) {
    static_cast<void>(g_stderr_is_ascii ? write_all(STDERR_FILENO, in_ascii(text)) : write_all(STDERR_FILENO, text));
}

}  // namespace qwen::host
