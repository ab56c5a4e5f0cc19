// Takes the run's own secrets out of text that came from a server: some repeat the key they refuse.
#pragma once

#include "core/config/resolver.hpp"

namespace qwen::host {

/// The error with every secret that is set, used or hidden, replaced by its mask. Secrets under eight bytes are left: they could be ordinary words.
[[nodiscard]] Error redacted(Error error, const config::Resolution& resolution);

}  // namespace qwen::host
