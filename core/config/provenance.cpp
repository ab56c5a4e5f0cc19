#include "core/config/provenance.hpp"

namespace qwen::config {

std::string_view to_string(Source source) {
    switch (source) {
        case Source::flag: return "flag";
        case Source::environment: return "environment";
        case Source::dotenv: return ".env";
        case Source::account: return "account";
        case Source::user_config: return "user config";
        case Source::system_config: return "system config";
        case Source::preset: return "preset";
        case Source::builtin: return "default";
    }
    return {};
}

std::string_view to_string(TrustClass trust) {
    switch (trust) {
        case TrustClass::project: return "project";
        case TrustClass::user: return "user";
        case TrustClass::explicit_choice: return "explicit";
        case TrustClass::policy: return "policy";
        case TrustClass::builtin: return "builtin";
    }
    return {};
}

std::string Provenance::to_string() const {
    if (source == Source::builtin) return "default";
    // What a command was given in another way than by a flag has the rank of one: "standard input".
    if (source == Source::flag && !name.empty() && name.front() != '-') return name;
    const std::string place = location.path.empty() ? std::string(config::to_string(source)) : location.to_string();
    return name.empty() ? place : place + ' ' + name;
}

}  // namespace qwen::config
