#include "core/pipeline/authentication_stage.hpp"

#include <algorithm>
#include <array>

#include "core/base/json.hpp"
#include "core/system/digest.hpp"

namespace qwen::pipeline {
namespace {

/// Everything but the body, which may be megabytes of history and is moved, never copied.
http::Request copy_without_body(const http::Request& request) {
    http::Request copy;
    copy.method = request.method;
    copy.url = request.url;
    copy.headers = request.headers.duplicate();
    copy.query_is_sensitive = request.query_is_sensitive;
    copy.timeouts = request.timeouts;
    return copy;
}

/// A body whose first bytes were read already, handed on whole.
class ReplayedBody final : public http::BodyReader {
public:
    ReplayedBody(std::string start, std::unique_ptr<http::BodyReader> rest) : start_(std::move(start)), rest_(std::move(rest)) {}
    Result<std::size_t> read_some(std::span<char> buffer) override {
        if (at_ == start_.size()) return rest_->read_some(buffer);
        const std::size_t count = start_.copy(buffer.data(), buffer.size(), at_);
        at_ += count;
        return count;
    }

private:
    std::string start_;
    std::size_t at_ = 0;
    std::unique_ptr<http::BodyReader> rest_;
};

constexpr std::size_t kHeadBytes = 4096;

Result<auth::ResponseHead> head_of(http::Response& response) {
    auth::ResponseHead head;
    head.status = response.status;
    for (const http::Header& header : response.headers.all()) head.headers.emplace_back(header.name, header.value.reveal());
    if (response.status < 400) return head;
    std::array<char, kHeadBytes> buffer;
    while (head.body_start.size() < kHeadBytes) {
        const auto count = response.body->read_some(std::span(buffer).first(kHeadBytes - head.body_start.size()));
        if (!count || *count == 0) break;
        head.body_start.append(buffer.data(), *count);
    }
    response.body = std::make_unique<ReplayedBody>(head.body_start, std::move(response.body));
    return head;
}

Error login_needed(const std::string& provider) {
    return {ErrorCode::not_authenticated, "not signed in to " + provider, "sign in: qwen auth login " + provider, std::nullopt};
}

constexpr std::size_t kMaxSignedBody = 1u << 20;

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower;
}

/// The signature is made over what will be sent, so nothing may change the request after this.
Result<void> sign(http::Request& request, auth::CredentialProvider& provider, const Context& context) {
    auth::FinalRequest final{request.method, request.url.to_string(), {}, system::sha256(request.body), {}};
    for (const http::Header& header : request.headers.all()) final.headers.emplace_back(lower_case(header.name), header.value.reveal());
    if (request.body.size() <= kMaxSignedBody) final.body = request.body;
    const auto signature = provider.sign(final, context);
    for (auto& [name, value] : final.headers) wipe(value);
    if (!signature) return signature.error();
    for (const auth::Parameter& header : *signature) QWEN_CHECK(request.headers.set(header.name, header.value.reveal(), header.sensitive));
    return {};
}

Result<void> edit_body(std::string& body, const std::vector<std::pair<std::string, std::string>>& fields) {
    auto parsed = parse_json(body, "request body", {.max_depth = 256, .max_bytes = 64u << 20, .refuse_duplicate_keys = false});
    if (!parsed) return Error{ErrorCode::internal, "the request body is not JSON", {}, std::nullopt};
    for (const auto& [pointer, text] : fields) {
        try {
            const nlohmann::ordered_json::json_pointer where(pointer);
            if (text.empty()) {
                if (parsed->contains(where)) (*parsed)[where.parent_pointer()].erase(where.back());
                continue;
            }
            QWEN_TRY(auto value, parse_json(text, "body field of the provider"));
            (*parsed)[where] = std::move(value);
        } catch (const nlohmann::ordered_json::exception&) {
            return Error{ErrorCode::plugin_fault, "the provider changed a body field that does not exist", {}, std::nullopt};
        }
    }
    body = dump_json(*parsed);
    return {};
}

}  // namespace

Result<void> apply_edits(http::Request& request, const auth::RequestShape& shape, const auth::RequestEdits& edits) {
    if (!edits.base_url.empty()) {
        QWEN_TRY(const Url base, Url::parse(edits.base_url));
        request.url = base.with_path_appended(edits.path.empty() ? shape.path : edits.path);
    } else if (!edits.path.empty()) {
        // The URL is "base + path": swap the tail.
        const std::string& whole = request.url.path();
        const std::string prefix = whole.ends_with(shape.path) ? whole.substr(0, whole.size() - shape.path.size()) : std::string();
        QWEN_TRY(request.url, request.url.with_path(prefix + edits.path));
    }
    for (const auth::Parameter& parameter : edits.query) {
        request.url = request.url.with_query_parameter(parameter.name, parameter.value.reveal());
        request.query_is_sensitive = request.query_is_sensitive || parameter.sensitive;
    }
    for (const auth::Parameter& header : edits.headers) QWEN_CHECK(request.headers.set(header.name, header.value.reveal(), header.sensitive));
    if (!edits.body_fields.empty() && !request.body.empty()) QWEN_CHECK(edit_body(request.body, edits.body_fields));
    return {};
}

Result<void> AuthenticationStage::authorize(Call& call, Unauthorized& unauthorized, const Context& context) {
    auth::CredentialProvider& provider = credentials_.provider();
    for (unsigned renewed = 0;; ++renewed) {
        QWEN_TRY(const auth::AuthorizeOutcome outcome, provider.authorize(call.shape, context));
        if (outcome.kind == auth::AuthorizeOutcome::Kind::login_needed) return login_needed(provider.id());
        if (outcome.kind == auth::AuthorizeOutcome::Kind::refresh_needed) {
            if (renewed > 0) return login_needed(provider.id());
            QWEN_CHECK(credentials_.refresh_wanted(context));
            continue;
        }
        unauthorized.restore(call);
        if (!outcome.edits.body_fields.empty()) unauthorized.unedited_body = call.request.body;
        QWEN_CHECK(apply_edits(call.request, call.shape, outcome.edits));
        return provider.can_sign() ? sign(call.request, provider, context) : Result<void>{};
    }
}

void AuthenticationStage::Unauthorized::restore(Call& call) {
    std::string body = unedited_body ? std::move(*unedited_body) : std::move(call.request.body);
    unedited_body.reset();
    call.request = copy_without_body(request);
    call.request.body = std::move(body);
}

Result<http::Response> AuthenticationStage::send(Call& call, const Next& next, const Context& context) {
    const auto without_credential = [&call](Error error) {
        call.credential_failed = true;
        return Result<http::Response>(std::move(error));
    };
    if (auto fresh = credentials_.ensure_fresh(context); !fresh) return without_credential(std::move(fresh).error());
    Unauthorized unauthorized{copy_without_body(call.request), {}};
    auto restore = [&](auto result) {
        unauthorized.restore(call);
        return result;
    };
    for (unsigned replays = 0;; ++replays) {
        if (auto authorized = authorize(call, unauthorized, context); !authorized) return restore(without_credential(std::move(authorized).error()));
        auto response = next(call, context);
        if (!response || response->status < 400) return restore(std::move(response));

        QWEN_TRY(const auth::ResponseHead head, head_of(*response));
        QWEN_TRY(const auth::Verdict verdict, credentials_.provider().on_response(head, context));
        const Origin origin = call.request.url.origin();
        auto fail = [&](ErrorCode code, std::string fallback) {
            Error error = error_of_response(response->status, response->headers, head.body_start, origin, call.shape, label_);
            if (error.code != code) error = {code, verdict.text.empty() ? std::move(fallback) + ": " + error.message : verdict.text, error.hint, std::nullopt};
            if (!verdict.help_url.empty()) error.hint = "see " + verdict.help_url;
            return restore(Result<http::Response>(std::move(error)));
        };
        switch (verdict.kind) {
            case auth::Verdict::Kind::refresh_and_retry:
                if (replays == 0 && call.may_repeat() && credentials_.provider().can_refresh()) {
                    response->body.reset();
                    if (auto renewed = credentials_.replace_rejected(context); !renewed) return restore(without_credential(std::move(renewed).error()));
                    continue;
                }
                return fail(ErrorCode::credential_rejected, "the credential was refused");
            case auth::Verdict::Kind::login_needed: return fail(ErrorCode::credential_rejected, "the credential was refused");
            case auth::Verdict::Kind::quota_exhausted: return fail(ErrorCode::quota_exhausted, "no quota left on this account");
            case auth::Verdict::Kind::fatal: return fail(ErrorCode::provider_error, "the provider reported an error");
            case auth::Verdict::Kind::rate_limited:
            case auth::Verdict::Kind::pass: return restore(std::move(response));
        }
    }
}

}  // namespace qwen::pipeline
