#include "core/http/connect.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace qwen::http {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kAttemptDelay{250};

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

/// Milliseconds for poll(2): -1 without a limit, never negative otherwise.
int poll_timeout(const std::optional<MonotonicTime>& limit) {
    if (!limit) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*limit - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 1 << 30));
}

std::optional<MonotonicTime> limit_of(milliseconds timeout, const Context& context) {
    if (timeout.count() == 0) return context.deadline;
    return context.with_deadline(Clock::now() + timeout).deadline;
}

std::vector<Address> addresses_of(const addrinfo* list) {
    std::vector<Address> first, second;
    for (; list != nullptr; list = list->ai_next) {
        Address address;
        std::memcpy(&address.storage, list->ai_addr, list->ai_addrlen);
        address.size = list->ai_addrlen;
        (first.empty() || address.storage.ss_family == first.front().storage.ss_family ? first : second).push_back(address);
    }
    std::vector<Address> mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed.push_back(first[i]);
        if (i < second.size()) mixed.push_back(second[i]);
    }
    return mixed;
}

/// What the resolver thread and the waiting thread share; whoever is last frees it.
struct Lookup {
    std::mutex mutex;
    int error = 0;
    std::vector<Address> addresses;
    system::Descriptor done{::eventfd(0, EFD_CLOEXEC)};
};

int look_up(const std::string& host, const std::string& port, int flags, std::vector<Address>& out) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    if (error == 0) out = addresses_of(list);
    if (list != nullptr) ::freeaddrinfo(list);
    return error;
}

Error dns_error(const std::string& host, int error) {
    return {ErrorCode::dns_failed, "cannot find the address of " + host + ": " + ::gai_strerror(error),
            "check the host name, the network and the proxy settings: qwen doctor --online", std::nullopt};
}

Error timeout_error(const std::string& what, milliseconds timeout) {
    return {ErrorCode::timed_out, what + " took longer than " + duration_text(timeout), "qwen doctor --online", std::nullopt};
}

/// RFC 6761 section 6.3: this machine, whatever a resolver or a hosts file says. Plain http is allowed to it, so its name must not lead elsewhere.
bool is_localhost(const std::string& host) { return host == "localhost" || host.ends_with(".localhost"); }

// getaddrinfo cannot be interrupted, so it runs on a thread of its own that may outlive the wait.
Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port, milliseconds timeout, const Context& context) {
    const std::string service = std::to_string(port);
    std::vector<Address> numeric;
    if (look_up(host, service, AI_NUMERICHOST | AI_NUMERICSERV, numeric) == 0) return numeric;
    if (is_localhost(host)) {
        for (const char* const address : {"127.0.0.1", "::1"}) {
            std::vector<Address> found;
            if (look_up(address, service, AI_NUMERICHOST | AI_NUMERICSERV, found) == 0) numeric.insert(numeric.end(), found.begin(), found.end());
        }
        return numeric;
    }

    const auto lookup = std::make_shared<Lookup>();
    std::thread([lookup, host, service] {
        std::vector<Address> found;
        const int error = look_up(host, service, AI_NUMERICSERV | AI_ADDRCONFIG, found);
        const std::lock_guard guard(lookup->mutex);
        lookup->error = error;
        lookup->addresses = std::move(found);
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(lookup->done.get(), &one, sizeof one);
    }).detach();

    const auto limit = limit_of(timeout, context);
    for (;;) {
        pollfd fds[] = {{lookup->done.get(), POLLIN, 0}, {context.cancellation_fd(), POLLIN, 0}};
        const int ready = ::poll(fds, 2, poll_timeout(limit));
        if (context.cancelled()) return cancelled_error();
        if (ready == 0) return timeout_error("finding the address of " + host, timeout);
        if (fds[0].revents != 0) break;
    }
    const std::lock_guard guard(lookup->mutex);
    if (lookup->error != 0) return dns_error(host, lookup->error);
    return std::move(lookup->addresses);
}

/// Starts a connection; an empty descriptor and errno when it failed at once.
system::Descriptor start(const Address& address, int& error) {
    system::Descriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        error = errno;
        return {};
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 && errno != EINPROGRESS) {
        error = errno;
        return {};
    }
    return socket;
}

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Result<system::Descriptor> finished(system::Descriptor socket) {
    const int flags = ::fcntl(socket.get(), F_GETFL);
    ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK);
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

Error connect_error(const std::string& host, std::uint16_t port, int error) {
    std::string reason = std::strerror(error);
    reason.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(reason.front())));
    std::string message = "cannot reach " + host + ':' + std::to_string(port) + ": " + reason;
    return {ErrorCode::connection_failed, std::move(message), "qwen doctor --online", std::nullopt};
}

}  // namespace

std::string duration_text(milliseconds duration) {
    return duration.count() % 1000 == 0 ? std::to_string(duration.count() / 1000) + " s" : std::to_string(duration.count()) + " ms";
}

Result<system::Descriptor> connect_to(const std::string& host, std::uint16_t port, milliseconds timeout, const Context& context) {
    QWEN_TRY(const std::vector<Address> addresses, resolve(host, port, timeout, context));
    const auto limit = limit_of(timeout, context);
    std::vector<system::Descriptor> sockets;
    std::size_t next = 0;
    int last_error = ECONNREFUSED;
    std::optional<MonotonicTime> next_start = Clock::now();

    for (;;) {
        if (context.cancelled()) return cancelled_error();
        if (limit && Clock::now() >= *limit) return timeout_error("connecting to " + host + ':' + std::to_string(port), timeout);
        if (next < addresses.size() && next_start && Clock::now() >= *next_start) {
            if (auto socket = start(addresses[next++], last_error)) {
                sockets.push_back(std::move(socket));
                next_start = Clock::now() + kAttemptDelay;
            }
            continue;
        }
        if (sockets.empty() && next >= addresses.size()) return connect_error(host, port, last_error);

        std::vector<pollfd> fds;
        for (const auto& socket : sockets) fds.push_back({socket.get(), POLLOUT, 0});
        fds.push_back({context.cancellation_fd(), POLLIN, 0});
        auto wake = limit;
        if (next < addresses.size() && (!wake || *next_start < *wake)) wake = next_start;
        ::poll(fds.data(), fds.size(), poll_timeout(wake));

        for (std::size_t i = sockets.size(); i-- > 0;) {
            if (fds[i].revents == 0) continue;
            const int error = socket_error(sockets[i].get());
            if (error == 0) return finished(std::move(sockets[i]));
            last_error = error;
            sockets.erase(sockets.begin() + static_cast<std::ptrdiff_t>(i));
            next_start = Clock::now();
        }
    }
}

}  // namespace qwen::http
