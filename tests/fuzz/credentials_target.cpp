// The two files of credentials, as another program, an editor or a broken disk left them. What can be read can be replaced, and then holds what was put in.

#include <unistd.h>

#include "core/auth/credential_file.hpp"
#include "core/auth/oauth_cache.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/temporary_directory.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

namespace {

constexpr std::string_view kFresh = R"({"access_token":"a","refresh_token":"r"})";

void try_store(auth::SecretStore& store, std::string_view key) {
    const auto before = store.get(key);
    if (!before) {
        expect(before.error().code == ErrorCode::credential_store_refused, "what cannot be understood is refused");
        return;
    }
    const std::uint64_t revision = *before ? (*before)->revision : 0;
    expect(!*before || revision != 0, "what is stored has a revision");
    const auto stored = store.put_if(key, Secret(kFresh), std::nullopt, revision);
    expect(stored && *stored, "what was read can be replaced");
    const auto after = store.get(key);
    expect(after && *after && (*after)->revision == **stored, "the new value is there");
    expect(store.erase(key).has_value() && store.get(key) && !*store.get(key), "what is erased is gone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const tests::TemporaryDirectory home;
    const std::string_view text = fuzz::text_of(bytes, size);
    const tests::FakeClock clock;

    const auto cache_place = auth::OAuthCacheStore::place_in(home.path(), ::geteuid());
    tests::write_text(cache_place.file, text);
    auth::OAuthCacheStore cache({cache_place, {}}, clock);
    try_store(cache, auth::OAuthCacheStore::kKey);

    const auto file_place = auth::CredentialFileStore::place_in(home.path(), ::geteuid());
    tests::write_text(file_place.file, text);
    (void)auth::CredentialFileStore::owners({file_place, {}});
    auth::CredentialFileStore file({file_place, {}}, {"openai", "default"}, clock);
    try_store(file, "api_key");
    return 0;
}
