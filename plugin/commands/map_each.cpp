#include "plugin/commands/verb.hpp"

namespace plugin {

Command commands_table::map_each() {
  return verb({
      .name = "map-each",
      .description = "Inside a bpf closure: runs a closure for each entry of a map.",
      .more = "The closure gets the key, a record where it has several parts, and the value. Of "
              "what other closures put or\ndelete meanwhile some may be missed or met twice. Each "
              "entry costs a step for 128 of the map's size and for\n16 entries before it: more "
              "than some hundred need --fuel.",
      .required = {{"map", "name of the map", shape::string()},
                   {"closure", "{|key, value| ...}", shape::closure()}},
      .examples = {{"bpf-interval 1sec {|| map-each begun {|tid, start| if (timestamp) - $start > "
                    "1sec { {tid: $tid, waits: ((timestamp) - $start)} | emit } } } --stream",
                    "Which threads have waited for more than a second; another closure puts their "
                    "starts there"}},
  });
}

}  // namespace plugin
