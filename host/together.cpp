#include "host/together.hpp"

#include <optional>

#include "host/refusal.hpp"

namespace host {

using bytecode::Nothing;

namespace {

class Division {
 public:
  explicit Division(const Linking& linking) : linking_(linking) {}

  Status add(std::span<const AttachPlace> places) {
    if (places.empty()) return Nothing{};
    if (places.size() == 1) return add_alone(places.front());
    if (places.size() > linking_.at_most) {
      if (Status first = add(places.first(linking_.at_most)); !first) return first;
      return add(places.subspan(linking_.at_most));
    }
    if (can_ && !*can_) return add_singles(places);
    Result<Attachment> all = linking_.together(places);
    if (all) {
      attached_.attachments.push_back(std::move(all).value());
      return Nothing{};
    }
    if (is_of_the_machine(all.error())) return std::move(all).error();
    if (!can_) can_ = linking_.can();
    if (!*can_) {
      note_singles();
      return add_singles(places);
    }
    const size_t half = places.size() / 2;
    if (Status first = add(places.first(half)); !first) return first;
    return add(places.subspan(half));
  }

  Status add_singles(std::span<const AttachPlace> places) {
    for (const AttachPlace& place : places)
      if (Status added = add_alone(place); !added) return added;
    return Nothing{};
  }

  void note_singles() {
    attached_.note = "attached one by one, without " + std::string(linking_.feature);
  }

  Attached take() {
    if (left_out_ != 0)
      add_note(attached_.note, std::to_string(left_out_) + " that cannot be probed " +
                                   (left_out_ == 1 ? "is" : "are") + " left out: " + names_);
    return std::move(attached_);
  }
  const std::optional<bytecode::Error>& first_refusal() const { return refusal_; }

 private:
  Status add_alone(const AttachPlace& place) {
    constexpr size_t named = 3;
    Result<Attachment> one = linking_.alone(place);
    if (one) {
      attached_.attachments.push_back(std::move(one).value());
      return Nothing{};
    }
    if (!place.target->is_of_glob || is_of_the_machine(one.error())) return std::move(one).error();
    if (!refusal_) refusal_ = std::move(one).error();
    ++left_out_;
    if (left_out_ <= named)
      names_ += (names_.empty() ? "" : ", ") + place.target->text;
    else if (left_out_ == named + 1)
      names_ += " ...";
    return Nothing{};
  }

  const Linking& linking_;
  Attached attached_;
  std::optional<bool> can_;
  size_t left_out_ = 0;
  std::string names_;
  std::optional<bytecode::Error> refusal_;
};

}  // namespace

Result<Attached> attach_together(const Machine& machine, const std::vector<AttachPlace>& places,
                                 const Linking& linking) {
  Division division(linking);
  const bool without = places.size() > 1 && machine.is_without(linking.feature);
  if (without) division.note_singles();
  Status added = without ? division.add_singles(places) : division.add(places);
  if (!added) return std::move(added).error();
  Attached attached = division.take();
  if (attached.attachments.empty() && division.first_refusal()) return *division.first_refusal();
  return attached;
}

}  // namespace host
