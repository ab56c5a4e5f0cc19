// Proof Key for Code Exchange, RFC 7636 with S256: whoever overhears the device code cannot redeem it.
#pragma once

#include <qwen/plugin.hpp>

#include <string>

namespace qwen_oauth {

/// The verifier is wiped when it goes.
struct ProofKey {
    std::string verifier;   ///< base64url of 32 random bytes, 43 characters
    std::string challenge;  ///< base64url of the verifier's SHA-256

    ProofKey() = default;
    ProofKey(ProofKey&&) = default;
    ProofKey& operator=(ProofKey&&) = delete;
    ProofKey(const ProofKey&) = delete;
    ProofKey& operator=(const ProofKey&) = delete;
    ~ProofKey();
};

/// Uses the host's qwen.random/1 and qwen.crypto/1.
[[nodiscard]] ProofKey make_proof_key(const qwen::plugin::Call& call);

/// UUID version 4 (RFC 9562), for x-request-id.
[[nodiscard]] std::string make_uuid(const qwen::plugin::Call& call);

}  // namespace qwen_oauth
