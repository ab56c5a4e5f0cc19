#include "host/commands/prompt_input.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

using namespace qwen;
using namespace qwen::host;

namespace {

/// A file without a name that holds `text`.
class Input {
public:
    explicit Input(std::string_view text) : fd_(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
        REQUIRE(fd_ >= 0);
        REQUIRE(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
        ::lseek(fd_, 0, SEEK_SET);
    }
    ~Input() { ::close(fd_); }
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

}  // namespace

TEST_SUITE("host/commands/prompt_input") {

TEST_CASE("the prompt, the input, or both with an empty line between them") {
    CHECK(*assemble_prompt("hi", std::nullopt) == "hi");
    CHECK(*assemble_prompt("hi", "") == "hi");
    CHECK(*assemble_prompt("explain", "int main() {}\n") == "explain\n\nint main() {}\n");
    CHECK(*assemble_prompt("-", "from input") == "from input");
    CHECK(*assemble_prompt(std::nullopt, "from input") == "from input");
}

TEST_CASE("nothing to ask is a usage error") {
    CHECK(assemble_prompt(std::nullopt, std::nullopt).error().message == "no prompt");
    CHECK(assemble_prompt(std::nullopt, " \n").error().message == "no prompt: standard input is empty");
    CHECK(assemble_prompt("-", std::nullopt).error().code == ErrorCode::usage);
    CHECK(assemble_prompt("", std::nullopt).error().code == ErrorCode::usage);
    CHECK(assemble_prompt("a\xFF", std::nullopt).error().code == ErrorCode::usage);
}

TEST_CASE("standard input is read to its end") {
    const std::string text(200'000, 'x');
    CHECK(*read_standard_input(Input(text).fd(), Context{}) == text);
    CHECK(*read_standard_input(Input("").fd(), Context{}) == "");
}

TEST_CASE("input that is no text, or endless, is refused") {
    CHECK(read_standard_input(Input("\x89PNG\xFF").fd(), Context{}).error().code == ErrorCode::usage);
    const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CHECK(read_standard_input(zeros, Context{}).error().message == "standard input is longer than 16 MiB");
    ::close(zeros);
}

TEST_CASE("waiting for input ends when the user stops it") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    CancellationSource source;
    source.cancel();

    const auto text = read_standard_input(ends[0], Context{.deadline = {}, .cancellation = &source});

    REQUIRE_FALSE(text);
    CHECK(text.error().code == ErrorCode::cancelled);
    ::close(ends[0]);
    ::close(ends[1]);
}

}
