// The models an endpoint offers: GET <base URL>/models.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/chat/chat_client.hpp"

namespace qwen::chat {

struct ModelInfo {
    std::string id;        ///< untrusted; no control characters
    std::string owned_by;  ///< may be empty
};

/// Sorted by id. Errors: those of the pipeline; bad_response.
[[nodiscard]] Result<std::vector<ModelInfo>> list_models(pipeline::Pipeline& pipeline, const ChatTarget& target, const Context& context);

/// The list in an answer to that request. Errors: bad_response, those of reading.
[[nodiscard]] Result<std::vector<ModelInfo>> read_model_list(const http::Response& response);

/// At most three ids that are close to a misspelt one, closest first.
[[nodiscard]] std::vector<std::string> nearest_models(std::string_view wanted, const std::vector<ModelInfo>& models);

}  // namespace qwen::chat
