#include "host/terminal/answer_writer.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>

using namespace qwen::host;

namespace {

/// A pipe whose reading end is asked for what was written.
class Pipe {
public:
    Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
    ~Pipe() {
        close_reader();
        ::close(ends_[1]);
    }
    [[nodiscard]] int writer() const { return ends_[1]; }
    void close_reader() {
        if (ends_[0] >= 0) ::close(ends_[0]);
        ends_[0] = -1;
    }
    /// What one read(2) returns.
    [[nodiscard]] std::string read() const {
        std::array<char, 4096> buffer{};
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
        const auto count = ::read(ends_[0], buffer.data(), buffer.size());
        return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string{};
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

}  // namespace

TEST_SUITE("host/terminal/answer_writer") {

TEST_CASE("deltas are written when the batch is flushed, not before") {
    const Pipe pipe;
    AnswerWriter writer(pipe.writer(), {ControlForm::removed, MarkdownForm::source});

    CHECK(writer.delta("Hel"));
    CHECK(writer.delta("lo"));
    CHECK(pipe.read().empty());
    writer.flush();
    CHECK(pipe.read() == "Hello");
    CHECK(writer.has_text());
}

TEST_CASE("the answer ends with exactly one newline") {
    const Pipe pipe;
    AnswerWriter writer(pipe.writer(), {ControlForm::removed, MarkdownForm::source});
    std::string_view expected;
    SUBCASE("added when it is missing") {
        CHECK(writer.delta("Hello"));
        expected = "Hello\n";
    }
    SUBCASE("kept when it is there") {
        CHECK(writer.delta("Hello\n"));
        expected = "Hello\n";
    }
    SUBCASE("none for an empty answer") { expected = ""; }

    writer.finish();

    std::string written = pipe.read();
    written += pipe.read();
    CHECK(written == expected);
}

TEST_CASE("a reader that went away ends the answer quietly") {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    AnswerWriter writer(pipe.writer(), {ControlForm::removed, MarkdownForm::source});
    pipe.close_reader();

    CHECK(writer.delta("Hello"));
    writer.flush();

    CHECK_FALSE(writer.delta("more"));
    CHECK(writer.reader_gone());
    CHECK_FALSE(writer.failure().has_value());
}

TEST_CASE("rendered Markdown leaves the terminal in its own colours after each batch") {
    const Pipe pipe;
    AnswerWriter writer(pipe.writer(), {ControlForm::visible, MarkdownForm::rendered});

    CHECK(writer.delta("# A **tit"));
    writer.flush();
    CHECK(pipe.read() == "\033[0;1m# A \033[0m");
    CHECK(writer.delta("le** \x1b[31m"));
    writer.finish();
    CHECK(pipe.read() == "\033[0;1mtitle ^[[31m\033[0m\n");
}

TEST_CASE("Markdown is rendered on a terminal that may have colours, and nowhere else") {
    struct Row {
        std::string_view what;
        bool is_terminal;
        bool is_utf8;
        bool is_dumb;
        RawAnswer raw;
        ColorChoice color;
        bool has_no_color;
        ControlForm controls;
        MarkdownForm markdown;
    };
    using enum ControlForm;
    using enum MarkdownForm;
    const Row rows[] = {
        {"a terminal", true, true, false, RawAnswer::no, ColorChoice::automatic, false, visible, rendered},
        {"a pipe", false, false, false, RawAnswer::no, ColorChoice::automatic, false, removed, source},
        {"a pipe, colours forced", false, false, false, RawAnswer::no, ColorChoice::always, false, removed, source},
        {"--raw", true, true, false, RawAnswer::yes, ColorChoice::automatic, false, raw, source},
        {"--color never", true, true, false, RawAnswer::no, ColorChoice::never, false, visible, source},
        {"NO_COLOR", true, true, false, RawAnswer::no, ColorChoice::automatic, true, visible, source},
        {"NO_COLOR, but --color always", true, true, false, RawAnswer::no, ColorChoice::always, true, visible, rendered},
        {"a dumb terminal", true, true, true, RawAnswer::no, ColorChoice::automatic, false, visible, source},
        {"a terminal in another character set", true, false, false, RawAnswer::no, ColorChoice::automatic, false, ascii, rendered},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        TerminalFacts terminal;
        terminal.stdout_is_terminal = row.is_terminal;
        terminal.is_dumb = row.is_dumb;
        terminal.is_utf8 = row.is_utf8;
        qwen::system::Environment environment;
        if (row.has_no_color) environment.variables["NO_COLOR"] = "1";

        const auto form = answer_form(terminal, row.raw, row.color, environment);

        CHECK(form.controls == row.controls);
        CHECK(form.markdown == row.markdown);
    }
}

TEST_CASE("a full disk is an error") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    AnswerWriter writer(full, {ControlForm::removed, MarkdownForm::source});

    CHECK(writer.delta("Hello"));
    writer.finish();

    REQUIRE(writer.failure().has_value());
    CHECK(writer.failure()->code == qwen::ErrorCode::storage_failed);
    ::close(full);
}

}
