#include "core/chat/model_list.hpp"

#include <algorithm>
#include <numeric>

#include "core/base/json.hpp"

namespace qwen::chat {
namespace {

constexpr std::size_t kMaxListBytes = 16u << 20;

std::string printable(std::string text) {
    std::erase_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t k = 1; k <= b.size(); ++k) {
            const std::size_t above = row[k];
            row[k] = std::min({row[k] + 1, row[k - 1] + 1, diagonal + (a[i - 1] == b[k - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

Result<std::vector<ModelInfo>> list_models(pipeline::Pipeline& pipeline, const ChatTarget& target, const Context& context) {
    pipeline::Call call;
    call.shape = {"models", "GET", "/models", {}, false};
    call.request.method = "GET";
    call.request.url = target.base_url.with_path_appended(call.shape.path);
    call.request.timeouts = target.timeouts;
    QWEN_CHECK(call.request.headers.set("Accept", "application/json"));
    QWEN_CHECK(call.request.headers.set("User-Agent", target.user_agent));

    QWEN_TRY(const http::Response response, pipeline.send(call, context));
    return read_model_list(response);
}

Result<std::vector<ModelInfo>> read_model_list(const http::Response& response) {
    QWEN_TRY(const std::string body, http::read_all(*response.body, kMaxListBytes));
    auto json = parse_json(body, "model list", {.max_depth = 64, .max_bytes = kMaxListBytes, .refuse_duplicate_keys = false});
    if (!json || !json->is_object() || !json->contains("data") || !(*json)["data"].is_array())
        return Error{ErrorCode::bad_response, "the server's answer is no list of models", "check the base URL: qwen config explain base_url", std::nullopt};
    std::vector<ModelInfo> models;
    for (const auto& entry : (*json)["data"]) {
        if (!entry.is_object()) continue;
        if (std::string id = printable(string_member(entry, "id")); !id.empty()) models.push_back({std::move(id), printable(string_member(entry, "owned_by"))});
    }
    std::sort(models.begin(), models.end(), [](const ModelInfo& a, const ModelInfo& b) { return a.id < b.id; });
    return models;
}

std::vector<std::string> nearest_models(std::string_view wanted, const std::vector<ModelInfo>& models) {
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const ModelInfo& model : models) {
        const std::size_t distance = edit_distance(wanted, model.id);
        if (distance <= std::max<std::size_t>(3, wanted.size() / 3)) ranked.emplace_back(distance, model.id);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, ranked.size()); ++i) names.push_back(ranked[i].second);
    return names;
}

}  // namespace qwen::chat
