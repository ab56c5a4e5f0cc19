// What the user allowed by name: this key may go to that server, although a project's file names it (decision 0005, rule 5).
//
// A grant is for one key: whoever gets a new one is asked again. The file holds no key but an HMAC of it under a random value of this installation, so it
// tells nobody which keys are in use, nor whether two machines use the same.
#pragma once

#include <string>
#include <vector>

#include "core/auth/private_file.hpp"
#include "core/base/secret.hpp"
#include "core/base/url.hpp"
#include "core/system/random.hpp"

namespace qwen::auth {

/// One (origin, key) of the file.
struct OriginGrant {
    std::string origin;       ///< "https://ai.corp.example:8443"
    std::string fingerprint;  ///< lower-case hexadecimal
};

/// `trusted_origins` in the user's directory, 0600. Reads what is on disk now. Errors of every call: credential_store_refused, storage_failed.
class OriginGrants {
public:
    OriginGrants(PrivateFile file, const system::Random& random) : file_(std::move(file)), random_(random) {}

    [[nodiscard]] static PrivateFile::Place place_in(const std::filesystem::path& user_directory, unsigned owner);

    [[nodiscard]] Result<bool> contains(const Origin& origin, const Secret& key) const;
    /// What is there already is success.
    [[nodiscard]] Result<void> add(const Origin& origin, const Secret& key, const Context& context) const;
    /// Takes the origin from every key; returns how many had it.
    [[nodiscard]] Result<std::size_t> remove(const Origin& origin, const Context& context) const;
    [[nodiscard]] Result<std::vector<OriginGrant>> list() const;

private:
    PrivateFile file_;
    const system::Random& random_;
};

}  // namespace qwen::auth
