// One source's values, as text with their places, before anything was chosen.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/secret.hpp"
#include "core/config/provenance.hpp"
#include "core/config/setting.hpp"

namespace qwen::config {

/// A value as it was written. Every value is held as a Secret: at this point nobody knows yet what it is.
struct Entry {
    std::string key;  ///< Setting::key
    Secret value;
    Provenance from;
};

/// All values of one source. A layer never refers to settings that are not in the table.
struct Layer {
    Source source = Source::builtin;
    std::vector<Entry> entries;
};

/// Something the user should know that is no error: a file that was skipped, an empty variable, a wide mode.
struct Notice {
    std::string text;
    FileLocation where;
};

}  // namespace qwen::config
