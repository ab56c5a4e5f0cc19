#include "host/cli/arguments.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace qwen::host;

namespace {

/// A writable argv, as the kernel gives it.
class FakeArgv {
public:
    explicit FakeArgv(std::vector<std::string> values) : values_(std::move(values)) {
        for (auto& value : values_) pointers_.push_back(value.data());
    }
    [[nodiscard]] int count() const { return static_cast<int>(pointers_.size()); }
    [[nodiscard]] char** data() { return pointers_.data(); }
    [[nodiscard]] bool shows(std::string_view text) const {
        return std::any_of(values_.begin(), values_.end(), [&](const auto& value) { return value.find(text) != std::string::npos; });
    }

private:
    std::vector<std::string> values_;
    std::vector<char*> pointers_;
};

}  // namespace

TEST_SUITE("host/cli/arguments") {

TEST_CASE("the value of a key flag is copied and gone from argv, in both forms") {
    std::vector<std::string> words{"qwen"};
    SUBCASE("separate") { words.insert(words.end(), {"--openai-api-key", "sk-canary", "hello you"}); }
    SUBCASE("joined") { words.insert(words.end(), {"--openai-api-key=sk-canary", "hello you"}); }
    SUBCASE("a provider's own flag") { words.insert(words.end(), {"--acme-token", "sk-canary", "hello you"}); }
    FakeArgv argv(words);

    const auto arguments = Arguments::take(argv.count(), argv.data());

    CHECK_FALSE(argv.shows("canary"));
    CHECK(argv.shows("hello you"));
    CHECK(arguments.held_a_secret());
    CHECK((arguments.contains("sk-canary") || arguments.contains("--openai-api-key=sk-canary")));
}

TEST_CASE("flags of manifests are wiped when they are known") {
    FakeArgv argv({"qwen", "--acme-pin", "1234-canary", "--acme-pin=5678-canary"});
    auto arguments = Arguments::take(argv.count(), argv.data());
    CHECK(argv.shows("canary"));

    const std::vector<std::string> flags{"--acme-pin"};
    arguments.wipe_values_of(flags);

    CHECK_FALSE(argv.shows("canary"));
    CHECK(arguments[1] == "1234-canary");
}

TEST_CASE("nothing is wiped when there is no secret, and a flag at the end has no value") {
    FakeArgv argv({"qwen", "--model", "gpt-4o", "--openai-api-key"});
    const auto arguments = Arguments::take(argv.count(), argv.data());
    CHECK(argv.shows("gpt-4o"));
    CHECK_FALSE(arguments.held_a_secret());
    CHECK(arguments.size() == 3);
}

}
