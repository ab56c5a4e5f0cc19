#include "host/plugin/elf_note.hpp"

#include <doctest/doctest.h>

#include <random>

#include "host/plugin/manifest.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::host::plugin;

namespace {

std::string good_file() { return tests::read_text(std::filesystem::path(QWEN_FIXTURE_PLUGINS) / "well_behaved.so"); }

}  // namespace

TEST_SUITE("host/plugin/elf_note") {

TEST_CASE("every file that is cut short is refused") {
    const std::string good = good_file();

    for (std::size_t part = 0; part < 159; ++part) {
        const std::size_t size = good.size() * part / 159;
        CAPTURE(size);
        const auto facts = inspect_elf(std::string_view(good).substr(0, size), "cut.so");
        CHECK_FALSE(facts);
    }
}

TEST_CASE("the manifest is found in the head of a file, or the head is refused") {
    const std::string good = good_file();
    const auto facts = inspect_elf(good, "good.so");
    REQUIRE(facts);
    const auto manifest = find_manifest(std::string_view(good).substr(0, 16384), "good.so");
    REQUIRE(manifest);
    CHECK(*manifest == facts->manifest);
    CHECK_FALSE(find_manifest(std::string_view(good).substr(0, 200), "cut.so"));
    CHECK_FALSE(find_manifest("", "empty.so"));
}

TEST_CASE("damaged files are refused or described, and never read beyond their end") {
    const std::string good = good_file();
    std::mt19937 random(20260923);  // the seed is part of the test: a failure is found again

    for (int round = 0; round < 600; ++round) {
        // A copy of exact size on the heap, so that AddressSanitizer sees one byte too many.
        std::vector<char> bytes(good.begin(), good.end());
        const std::size_t changes = 1 + random() % 8;
        for (std::size_t i = 0; i < changes; ++i) {
            // Headers, notes and dynamic section stand at the front: half of the changes go there.
            const std::size_t range = random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 2048) : bytes.size();
            bytes[random() % range] = static_cast<char>(random());
        }
        CAPTURE(round);
        const auto facts = inspect_elf({bytes.data(), bytes.size()}, "damaged.so");
        if (!facts) {
            CHECK_FALSE(facts.error().message.empty());
            continue;
        }
        const auto manifest = parse_manifest(facts->manifest, "damaged.so");
        CHECK((manifest || manifest.error().code == ErrorCode::plugin_refused));
    }
}

}
