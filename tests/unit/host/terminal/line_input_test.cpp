#include "host/terminal/line_input.hpp"

#include <doctest/doctest.h>
#include <pty.h>
#include <unistd.h>

#include <thread>

using namespace qwen;
using namespace qwen::host;

namespace {

/// A terminal and the side that a person sits at.
class Pty {
public:
    Pty() { REQUIRE(::openpty(&person_, &terminal_, nullptr, nullptr, nullptr) == 0); }
    ~Pty() {
        ::close(person_);
        ::close(terminal_);
    }
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    [[nodiscard]] int fd() const { return terminal_; }
    void type(std::string_view text) const { REQUIRE(::write(person_, text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
    [[nodiscard]] tcflag_t mode() const {
        termios settings{};
        REQUIRE(::tcgetattr(terminal_, &settings) == 0);
        return settings.c_lflag & (ECHO | ICANON | ISIG);
    }
    /// What is on the person's screen next; waits for it.
    [[nodiscard]] std::string screen() const {
        char buffer[256];
        const auto count = ::read(person_, buffer, sizeof buffer);
        return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
    }

private:
    int person_ = -1;
    int terminal_ = -1;
};

constexpr tcflag_t kAsFound = ECHO | ICANON | ISIG;

}  // namespace

TEST_SUITE("host/terminal/line_input") {

TEST_CASE("unseen typing waits for whoever reads next, key by key, and Ctrl-C stays a signal") {
    const Pty pty;
    REQUIRE(pty.mode() == kAsFound);
    {
        const UnseenTyping unseen(pty.fd());
        CHECK(pty.mode() == ISIG);
        pty.type("ab\x7f\x04");
        char keys[8];
        CHECK(::read(pty.fd(), keys, sizeof keys) == 4);
        REQUIRE(::write(pty.fd(), "answer", 6) == 6);
        CHECK(pty.screen() == "answer");
    }
    CHECK(pty.mode() == kAsFound);
}

TEST_CASE("a question in the middle of it is answered in sight, with the terminal's own editing") {
    const Pty pty;
    const UnseenTyping unseen(pty.fd());
    std::thread person([&] {
        while (pty.mode() != kAsFound) std::this_thread::yield();
        pty.type("yess\x7f\n");
    });

    const auto line = read_line(pty.fd(), {});

    person.join();
    REQUIRE(line);
    CHECK(*line == "yes");
    CHECK(pty.screen().starts_with("yess"));
    CHECK(pty.mode() == ISIG);
}

TEST_CASE("where there is no terminal nothing is changed and lines are read all the same") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const UnseenTyping unseen(ends[0]);
    REQUIRE(::write(ends[1], "one\r\ntwo", 8) == 8);
    ::close(ends[1]);
    CHECK(*read_line(ends[0], {}) == "one");
    CHECK(*read_line(ends[0], {}) == "two");
    CHECK(read_line(ends[0], {})->has_value() == false);
    ::close(ends[0]);
}

TEST_CASE("a death by signal gives the terminal back as it was, after the farewell") {
    const Pty pty;
    const UnseenTyping unseen(pty.fd(), "farewell");
    restore_terminal();
    CHECK(pty.mode() == kAsFound);
    CHECK(pty.screen() == "farewell");
}

}
