// A policy file: either it is refused with its place, or every question to it is answered the same way each time.

#include <algorithm>

#include "core/config/policy_file.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    config::Policy policy;
    const auto added = config::add_policy_text(policy, text, "policy.toml");
    if (!added) {
        expect(added.error().code == ErrorCode::policy_invalid, "what cannot be understood is policy_invalid");
        expect(added.error().where.has_value(), "a refusal names the file");
        return 0;
    }
    expect(!policy.empty(), "a policy that was read is one");
    const auto has_place = [](const config::PolicyRule& rule) { expect(rule.where.line > 0, "a rule has its line"); };
    for (const auto* rules : {&policy.messages, &policy.deny, &policy.limits}) std::for_each(rules->begin(), rules->end(), has_place);

    for (const auto& rule : policy.deny) {
        if (rule.key != "providers.deny") continue;
        const auto answer = policy.check_provider(rule.value, rule.value);
        expect(!answer && answer.error().code == ErrorCode::denied_by_policy, "a denied provider is denied");
    }
    const Origin origin{.scheme = "https", .host = "api.openai.com", .port = 443};
    expect(policy.check_origin(origin).has_value() == policy.check_origin(origin).has_value(), "a question has one answer");
    if (policy.names_origin(origin)) expect(policy.check_origin(origin).has_value(), "a server on every list is allowed");
    (void)policy.check_model("gpt-4o");
    (void)policy.check_method("device_code");
    (void)policy.check_plugin_file("openai_compat", "/usr/lib/qwen/plugins/openai_compat.so", false, {"openai_compat"});
    (void)policy.check_plugin_content({"openai_compat", "aa", false});
    return 0;
}
