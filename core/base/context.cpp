#include "core/base/context.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace qwen {

CancellationSource::CancellationSource() : event_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

CancellationSource::~CancellationSource() {
    if (event_fd_ >= 0) ::close(event_fd_);
}

void CancellationSource::cancel() noexcept {
    const int saved_errno = errno;
    cancelled_.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_fd_, &one, sizeof one);
    if (const int socket = socket_.load(std::memory_order_acquire); socket >= 0) ::shutdown(socket, SHUT_RDWR);
    errno = saved_errno;
}

void CancellationSource::reset() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(event_fd_, &count, sizeof count);
    cancelled_.store(false, std::memory_order_release);
}

SocketGuard::SocketGuard(CancellationSource* source, int socket) noexcept : source_(source) {
    if (source_ == nullptr) return;
    source_->socket_.store(socket, std::memory_order_release);
    // A cancel() that ran just before the store saw no socket: do its work here.
    if (source_->cancelled()) ::shutdown(socket, SHUT_RDWR);
}

SocketGuard::~SocketGuard() {
    if (source_ != nullptr) source_->socket_.store(-1, std::memory_order_release);
}

Context Context::with_deadline(MonotonicTime limit) const {
    Context narrowed = *this;
    narrowed.deadline = deadline ? std::min(*deadline, limit) : limit;
    return narrowed;
}

Error cancelled_error() { return {ErrorCode::cancelled, "stopped by the user", {}, std::nullopt}; }

}  // namespace qwen
