#include "host/commands/prompt_output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace qwen;
using namespace qwen::host;

namespace {

/// What `use` makes an output write.
std::string written(OutputFormat format, const std::function<void(PromptOutput&)>& use) {
    const int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    const auto output = make_prompt_output(format, fd, {ControlForm::removed, MarkdownForm::source});
    use(*output);
    std::string text(1 << 16, '\0');
    const auto count = ::pread(fd, text.data(), text.size(), 0);
    ::close(fd);
    text.resize(static_cast<std::size_t>(count));
    return text;
}

void answer(PromptOutput& output) {
    CHECK(output.delta("Hel"));
    CHECK(output.delta("lo"));
    output.flush();
    CHECK(output.delta(" you"));
    output.flush();
}

void answer_completely(PromptOutput& output) {
    answer(output);
    chat::Completion completion{"chatcmpl-1", "gpt-4o-2024", "stop", chat::Usage{3, 2, 5}};
    output.succeed(completion, {"openai_compat", "gpt-4o", std::chrono::milliseconds(12)});
}

void fail_in_the_middle(PromptOutput& output) {
    answer(output);
    output.fail({ErrorCode::answer_cut_short, "the answer was cut", "", std::nullopt}, {"openai_compat", "gpt-4o", std::chrono::milliseconds(12)});
}

}  // namespace

TEST_SUITE("host/commands/prompt_output") {

TEST_CASE("text is the answer and a newline, also when it was cut short") {
    CHECK(written(OutputFormat::text, answer_completely) == "Hello you\n");
    CHECK(written(OutputFormat::text, fail_in_the_middle) == "Hello you\n");
}

TEST_CASE("json is one object with the answer, the model and the usage") {
    const auto text = written(OutputFormat::json, answer_completely);
    CHECK(text.find('\n') == text.size() - 1);
    const auto object = nlohmann::json::parse(text);
    CHECK(object["schema"] == 1);
    CHECK(object["type"] == "result");
    CHECK(object["ok"] == true);
    CHECK(object["answer"] == "Hello you");
    CHECK(object["provider"] == "openai_compat");
    CHECK(object["model"] == "gpt-4o-2024");
    CHECK(object["finish_reason"] == "stop");
    CHECK(object["usage"]["total_tokens"] == 5);
    CHECK(object["duration_ms"] == 12);
}

TEST_CASE("json of a failure holds the error, its exit status and what had arrived") {
    const auto object = nlohmann::json::parse(written(OutputFormat::json, fail_in_the_middle));
    CHECK(object["ok"] == false);
    CHECK(object["error"]["code"] == "answer_cut_short");
    CHECK(object["error"]["exit_code"] == 8);
    CHECK(object["answer"] == "Hello you");
}

TEST_CASE("stream-json is a line for each batch and the result at the end") {
    std::istringstream lines(written(OutputFormat::stream_json, answer_completely));
    std::vector<nlohmann::json> objects;
    for (std::string line; std::getline(lines, line);) objects.push_back(nlohmann::json::parse(line));
    REQUIRE(objects.size() == 3);
    CHECK(objects[0] == nlohmann::json{{"schema", 1}, {"type", "delta"}, {"text", "Hello"}});
    CHECK(objects[1]["text"] == " you");
    CHECK(objects[2]["type"] == "result");
    CHECK(objects[2]["answer"] == "Hello you");
}

}
