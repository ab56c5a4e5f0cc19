#include "core/base/context.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace qwen;

namespace {
bool readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}
}  // namespace

TEST_SUITE("core/base/context") {

TEST_CASE("cancel makes the descriptor readable until reset") {
    CancellationSource source;
    const Context context{.deadline = {}, .cancellation = &source};
    CHECK_FALSE(context.cancelled());
    CHECK_FALSE(readable(context.cancellation_fd()));

    source.cancel();
    CHECK(context.cancelled());
    CHECK(readable(context.cancellation_fd()));

    source.reset();
    CHECK_FALSE(context.cancelled());
    CHECK_FALSE(readable(context.cancellation_fd()));
}

TEST_CASE("cancel shuts down the guarded socket, whichever comes first") {
    CancellationSource source;
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);

    SUBCASE("guard, then cancel") {
        const SocketGuard guard(&source, pair[0]);
        source.cancel();
        CHECK(readable(pair[0]));
    }
    SUBCASE("cancel, then guard") {
        source.cancel();
        const SocketGuard guard(&source, pair[0]);
        CHECK(readable(pair[0]));
    }
    SUBCASE("cancel after the guard is gone leaves the socket alone") {
        { const SocketGuard guard(&source, pair[0]); }
        source.cancel();
        CHECK_FALSE(readable(pair[0]));
    }

    ::close(pair[0]);
    ::close(pair[1]);
}

TEST_CASE("the earlier deadline wins") {
    const MonotonicTime soon{std::chrono::seconds(1)};
    const MonotonicTime late{std::chrono::seconds(2)};
    CHECK(Context{}.with_deadline(soon).deadline == soon);
    CHECK(Context{.deadline = late, .cancellation = nullptr}.with_deadline(soon).deadline == soon);
    CHECK(Context{.deadline = soon, .cancellation = nullptr}.with_deadline(late).deadline == soon);
}

}
