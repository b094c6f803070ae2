// Verbs exist inside closures only. They are registered all the same: an unknown word would be an
// external program to Nushell's parser, and then a {...} argument is plain text, captures inside it
// do not arrive, and a misspelt verb goes unnoticed.
#pragma once

#include "plugin/commands/commands.hpp"

namespace plugin {

Command verb(Signature signature);

}  // namespace plugin
