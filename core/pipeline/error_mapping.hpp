// From an HTTP status to an Error in words a person can act on.
#pragma once

#include <string>

#include "core/auth/credential_provider.hpp"
#include "core/http/message.hpp"

namespace qwen::pipeline {

/// What the pipeline knows about where the credential came from, for messages.
struct CredentialLabel {
    std::string source;  ///< "environment OPENAI_API_KEY", "account work"; may be empty
};

/// The part of an error body that says what happened: `error.message` and `error.code` of OpenAI-like JSON, or the start of the text. Untrusted; at most 200 characters, control
/// characters removed.
struct ServerMessage {
    std::string text;
    std::string code;
};
[[nodiscard]] ServerMessage server_message(std::string_view body, std::string_view content_type);

/// The error for a response that is no success. `body_start` is at most the first 4 KiB. Never called for 2xx.
[[nodiscard]] Error error_of_response(int status, const http::HeaderList& headers, std::string_view body_start, const Origin& origin, const auth::RequestShape& shape,
                                      const CredentialLabel& label);

}  // namespace qwen::pipeline
