#include "host/terminal/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace qwen::host {

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

void write_to_stderr(std::string_view text) { static_cast<void>(write_all(STDERR_FILENO, text)); }

}  // namespace qwen::host
