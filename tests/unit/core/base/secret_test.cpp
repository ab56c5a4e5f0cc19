#include "core/base/secret.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using qwen::Secret;

TEST_SUITE("core/base/secret") {

TEST_CASE("a secret cannot be copied or turned into text by accident") {
    static_assert(!std::is_copy_constructible_v<Secret>);
    static_assert(!std::is_convertible_v<Secret, std::string>);
    static_assert(!std::is_convertible_v<Secret, std::string_view>);
    static_assert(!std::is_convertible_v<const char*, Secret>);
}

TEST_CASE("taking a string leaves nothing behind in it") {
    std::string source = "sk-0123456789abcdef";
    const char* const bytes = source.data();

    const Secret secret = Secret::take(source);

    CHECK(source.empty());
    CHECK(bytes[0] == '\0');
    CHECK(secret.reveal() == "sk-0123456789abcdef");
}

TEST_CASE("moving empties the source") {
    Secret first{"key"};

    const Secret second = std::move(first);

    CHECK(second.reveal() == "key");
    CHECK(first.empty());
}

TEST_CASE("the mask never shows a quarter or more of the secret") {
    CHECK(Secret{""}.masked() == "…");
    CHECK(Secret{"short"}.masked() == "…");
    CHECK(Secret{"0123456789abcdef"}.masked() == "…");
    CHECK(Secret{"0123456789abcdefg"}.masked() == "…defg");
}

TEST_CASE("equality looks at every byte") {
    const Secret secret{"abcdef"};
    CHECK(secret.equals("abcdef"));
    CHECK_FALSE(secret.equals("abcdeg"));
    CHECK_FALSE(secret.equals("abcde"));
    CHECK(Secret{}.equals(""));
}

}
