#include "core/system/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

using namespace qwen::system;

namespace {

/// Gives the listed 64-bit numbers, then zeros.
class ScriptedRandom final : public Random {
public:
    explicit ScriptedRandom(std::vector<std::uint64_t> values) : values_(std::move(values)) {}
    void fill(std::span<std::byte> bytes) const override {
        std::memset(bytes.data(), 0, bytes.size());
        if (next_ < values_.size()) std::memcpy(bytes.data(), &values_[next_++], std::min(bytes.size(), sizeof(std::uint64_t)));
    }

private:
    std::vector<std::uint64_t> values_;
    mutable std::size_t next_ = 0;
};

}  // namespace

TEST_SUITE("core/system/random") {
    TEST_CASE("a number that would make small results likelier is drawn again") {
        CHECK(ScriptedRandom({~0ull, 7}).below(10) == 7);
        CHECK(ScriptedRandom({25}).below(10) == 5);
        CHECK(ScriptedRandom({123}).below(1) == 0);
    }

    TEST_CASE("a UUID has the form, version and variant of RFC 9562") {
        CHECK(uuid_v4(ScriptedRandom({})) == "00000000-0000-4000-8000-000000000000");
        const SystemRandom random;
        const std::string first = uuid_v4(random);
        CHECK(first.size() == 36);
        CHECK(first[14] == '4');
        CHECK(first != uuid_v4(random));
    }

    TEST_CASE("the kernel's bytes fill the whole span") {
        std::array<std::byte, 4096> bytes{};
        SystemRandom().fill(bytes);
        const std::array<std::byte, 64> zeros{};
        for (std::size_t i = 0; i < bytes.size(); i += zeros.size()) CHECK(std::memcmp(&bytes[i], zeros.data(), zeros.size()) != 0);
    }
}
