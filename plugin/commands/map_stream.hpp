// The rows of a map as an answer, however many there are.
#pragma once

#include <memory>

#include "plugin/commands/commands.hpp"

namespace plugin {

// A table where there are few, else a stream that reads the map as Nushell takes its rows. An error
// of the first read is the answer, with its label at `blame`; one of a later read ends the stream
// and goes to standard error.
Answer map_rows(const Call& call, std::unique_ptr<host::MapRows> rows, Span blame);

}  // namespace plugin
