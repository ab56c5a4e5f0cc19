#include "host/plugin/isolation/messages.hpp"

#include <doctest/doctest.h>

#include <random>

#include "host/plugin/isolation/service_messages.hpp"
#include "qwen/plugin.h"
#include "tests/unit/host/plugin/provider_scene.hpp"

using namespace qwen;
using namespace qwen::host::plugin;
using qwen::tests::ProviderScene;

namespace {

EntryResult authorized() {
    EntryResult result;
    result.edits.base_url = "https://api.example.com/v1";
    result.edits.headers.push_back({.name = "authorization", .value = Secret("Bearer k"), .sensitive = true});
    result.edits.body_fields.emplace_back("/user", "\"ana\"");
    return result;
}

bool is_taken(const EntryResult& sent, EntryPoint entry) {
    WireWriter out;
    write_result(out, sent);
    WireReader in(out.bytes());
    EntryResult received;
    return read_result(in, entry, received);
}

Manifest manifest() {
    return parse_manifest(R"({"schema":1,"id":"sample","version":"1","abi_min":"1.0","abi_built":"1.0","origins":["https://api.example.com"]})", "memory").value();
}

}  // namespace

TEST_SUITE("host/plugin/isolation/messages") {

TEST_CASE("a result arrives as it was sent") {
    WireWriter out;
    write_result(out, authorized());
    WireReader in(out.bytes());
    EntryResult received;

    REQUIRE(read_result(in, EntryPoint::authorize, received));

    CHECK(received.edits.base_url == "https://api.example.com/v1");
    REQUIRE(received.edits.headers.size() == 1);
    CHECK(received.edits.headers[0].value.reveal() == "Bearer k");
    CHECK(received.edits.headers[0].sensitive);
    REQUIRE(received.edits.body_fields.size() == 1);
    CHECK(received.edits.body_fields[0].first == "/user");
}

TEST_CASE("a lying process is held to the rules of the call") {
    CHECK(is_taken(authorized(), EntryPoint::authorize));
    SUBCASE("a credential out of a call that gives none") { CHECK_FALSE(is_taken(authorized(), EntryPoint::state)); }
    SUBCASE("a second header behind a line break") {
        EntryResult result;
        result.edits.headers.push_back({.name = "a", .value = Secret("b\r\nX-Evil: 1"), .sensitive = false});
        CHECK_FALSE(is_taken(result, EntryPoint::authorize));
    }
    SUBCASE("a base URL that is none") {
        EntryResult result;
        result.edits.base_url = "file:///etc/passwd";
        CHECK_FALSE(is_taken(result, EntryPoint::authorize));
    }
    SUBCASE("more facts than a table may have") {
        EntryResult result;
        result.facts.assign(101, {"name", "value"});
        CHECK_FALSE(is_taken(result, EntryPoint::account_status));
    }
}

TEST_CASE("words of a process lose their control characters") {
    EntryResult result;
    result.status = QWEN_ERR_INTERNAL;
    result.said.message = "\033[2Jall is well\nqwen: really";
    WireWriter out;
    write_result(out, result);
    WireReader in(out.bytes());
    EntryResult received;

    REQUIRE(read_result(in, EntryPoint::authorize, received));

    CHECK(received.said.message == " [2Jall is well qwen: really");
}

TEST_CASE("a result that ends early is refused at every length") {
    WireWriter out;
    write_result(out, authorized());
    for (std::size_t size = 0; size < out.bytes().size(); ++size) {
        CAPTURE(size);
        WireReader in(out.bytes().substr(0, size));
        EntryResult received;
        CHECK_FALSE(read_result(in, EntryPoint::authorize, received));
    }
}

TEST_CASE("random requests and results are refused or served, and never more") {
    const Manifest own = manifest();
    ProviderScene scene(own);
    const ServiceDependencies dependencies = scene.dependencies();
    std::mt19937 random(1);
    std::size_t refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        CAPTURE(round);
        std::string bytes(random() % 96, '\0');
        // Mostly small numbers: lengths that fit lead further in.
        for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() % 256 : random() % 8);
        if (!bytes.empty()) bytes[0] = static_cast<char>(random() % 20);
        LocalServices services(dependencies, own, CallKind::offline, {});
        WireWriter answer;
        EntryResult received;
        WireReader in(bytes);
        refused += serve(bytes, services, answer) ? 0U : 1U;
        CHECK_FALSE(read_result(in, EntryPoint::authorize, received));
    }
    CHECK(refused > 10'000);
    CHECK(scene.requests.empty());
}

TEST_CASE("a request over the limits of the interface is refused before the service sees it") {
    const Manifest own = manifest();
    ProviderScene scene(own);
    const ServiceDependencies dependencies = scene.dependencies();
    LocalServices services(dependencies, own, CallKind::online, {});
    WireWriter answer;
    WireWriter request;
    request.number(static_cast<std::uint8_t>(Service::secret_put_if)).text("key").text(std::string(65 << 10, 'x')).number(std::int64_t{0}).number(std::uint64_t{0});

    CHECK_FALSE(serve(request.bytes(), services, answer));

    CHECK_FALSE(scene.secrets.get("key")->has_value());
}

}
