#include "tests/loopback_provider/behaviour.hpp"

#include <charconv>

namespace loopback {

Behaviour::Behaviour(std::string_view model) {
    while (!model.empty()) {
        const auto plus = model.find('+');
        auto name = model.substr(0, plus);
        model = plus == std::string_view::npos ? std::string_view{} : model.substr(plus + 1);

        Word word;
        if (const auto dash = name.rfind('-'); dash != std::string_view::npos) {
            const auto digits = name.substr(dash + 1);
            const auto end = digits.data() + digits.size();
            word.numbered = !digits.empty() && std::from_chars(digits.data(), end, word.number).ptr == end;
            if (word.numbered) name = name.substr(0, dash);
        }
        words_.emplace(name, word);
    }
}

long Behaviour::number(std::string_view word, long absent) const {
    const auto found = words_.find(word);
    return found != words_.end() && found->second.numbered ? found->second.number : absent;
}

}  // namespace loopback
