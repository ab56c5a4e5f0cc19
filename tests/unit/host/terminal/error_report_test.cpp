#include "host/terminal/error_report.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

TEST_SUITE("host/terminal/error_report") {

TEST_CASE("an error is what happened and where, then what to do") {
    const Error error{ErrorCode::config_invalid, "unknown key \"modle\"", "model", FileLocation{"/home/ana/.qwen/config.toml", 3, 1}};
    CHECK(error_text(error, false) == "qwen: unknown key \"modle\" (/home/ana/.qwen/config.toml:3:1)\n  try: model\n");
}

TEST_CASE("without a hint there is one line, with a long hint the lines are aligned") {
    CHECK(error_text({ErrorCode::usage, "no", "", std::nullopt}, false) == "qwen: no\n");
    CHECK(error_text({ErrorCode::usage, "no", "one\ntwo", std::nullopt}, false) == "qwen: no\n  try: one\n       two\n");
}

TEST_CASE("text of a server cannot reach the terminal as an escape") {
    const Error error{ErrorCode::provider_error, "server said \033[2J\nqwen: fake", "\033]0;x\007", FileLocation{"/tmp/\033[1m", 0, 0}};
    const auto text = error_text(error, false);
    CHECK(text.find('\033') == std::string::npos);
    CHECK(text.find('\007') == std::string::npos);
    CHECK(text.starts_with("qwen: server said ^[[2J qwen: fake (/tmp/^[[1m)\n  try: "));
}

TEST_CASE("colour is an escape before and after the name only") {
    CHECK(error_text({ErrorCode::usage, "no", "", std::nullopt}, true) == "\033[1;31mqwen:\033[0m no\n");
}

}
