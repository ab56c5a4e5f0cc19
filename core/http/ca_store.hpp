// Which CA certificates TLS believes, chosen so that nothing is parsed that need not be.
//
// A bundle of 140 certificates costs about 24 ms to load; a hashed directory costs nothing until a certificate is looked up in it.
#pragma once

#include <filesystem>

#include "core/http/transport.hpp"

namespace qwen::http {

/// True when `directory` has an OpenSSL subject-hash link for every certificate file in it (`c_rehash`, update-ca-certificates).
[[nodiscard]] bool is_complete_hashed_directory(const std::filesystem::path& directory);

/// The file or directory to hand to OpenSSL. Order: `ca_file` (unless it is the bundle that a complete hashed directory holds too), `ca_directory`, the system's hashed directory,
/// the system's bundle. Errors (tls_failed): a configured file or directory that cannot be read, or no store at all.
[[nodiscard]] Result<std::filesystem::path> choose_ca_store(const NetworkOptions& options);

}  // namespace qwen::http
