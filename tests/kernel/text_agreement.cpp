#include "tests/kernel/text_agreement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>

#include "bytecode/validate.hpp"
#include "tests/cases/event.hpp"
#include "tests/kernel/agreement.hpp"
#include "tests/kernel/assemble.hpp"

namespace kernel_tests {
namespace {

using bytecode::Program;
using bytecode::Raw;
using Random = std::mt19937_64;

constexpr unsigned kText = 1, kPart = 4;  // registers; a part's start and end behind kText
constexpr unsigned kTextBlock = 0, kPartBlock = 64, kMadeBlock = 128;
constexpr int32_t kMost = VM_STR_MAX - 1;

// What an event asks: its context has the addresses of both texts, then the numbers.
struct Question {
  std::string text, part;
  int64_t start = 0, end = 0;
  int32_t most = kMost;  // bytes of a text that is made
};

class Asked {
 public:
  explicit Asked(int32_t most) : most_(most) {
    program_.fuel = 1 << 20;
    for (unsigned i = 0; i < 2; ++i) {
      const unsigned to = i == 0 ? kText : kPart, block = i == 0 ? kTextBlock : kPartBlock;
      code(insn(VM_OP_ld_ctx, 0, 8, 0, static_cast<int32_t>(8 * i)));
      code(insn(VM_OP_str_read, to, block, 0, VM_STR_MAX));
    }
    for (unsigned i = 2; i < 4; ++i)
      code(insn(VM_OP_ld_ctx, kText + i - 1, 8, 0, static_cast<int32_t>(8 * i)));
  }

  Program make() {
    numbers();
    row(kText, Raw::text);
    made(insn(VM_OP_str_sub, 8, kMadeBlock, kText, most_));
    made(insn(VM_OP_str_lower, 8, kMadeBlock, kText, most_));
    made(insn(VM_OP_str_upper, 8, kMadeBlock, kText, most_));
    for (int sides = 1; sides <= 3; ++sides)
      made(insn(VM_OP_str_trim, 8, kMadeBlock, kText, most_ | sides << 16));
    // The new text lies over the old one, and over the end of it.
    made(insn(VM_OP_str_upper, kText, kTextBlock, kText, kMost));
    made(insn(VM_OP_str_sub, kText, kTextBlock + 1, kText, most_));
    made(insn(VM_OP_str_lower, kText, kTextBlock, kText, kMost));
    code(insn(VM_OP_exit));
    program_.spans.resize(program_.code.size());
    return std::move(program_);
  }

 private:
  void code(const vm_insn& each) { program_.code.push_back(each); }

  void row(unsigned of, Raw raw) {
    code(insn(VM_OP_row_begin, 0, 0, 0, static_cast<int32_t>(program_.rows.size())));
    code(insn(raw == Raw::text ? VM_OP_row_str : VM_OP_row_int, of));
    code(insn(VM_OP_row_send));
    program_.rows.emplace_back().fields = {raw};
  }

  void numbers() {
    for (const vm_insn& each :
         {insn(VM_OP_str_find, 8, kText, kPart, 0), insn(VM_OP_str_find, 8, kText, kPart, 1),
          insn(VM_OP_str_starts, 8, kText, kPart), insn(VM_OP_str_ends, 8, kText, kPart),
          insn(VM_OP_str_cmp, 8, kText, kPart), insn(VM_OP_str_len, 8, kText)}) {
      code(each);
      row(8, Raw::word);
    }
  }

  void made(const vm_insn& each) {
    code(each);
    row(each.a, Raw::text);
  }

  Program program_;
  int32_t most_;
};

struct Answers {
  int64_t first, last, starts, ends;
};

Answers ask(cases::Engine& engine, const Question& question) {
  const Program program = Asked(question.most).make();
  const bytecode::Status valid = bytecode::validate(program);
  EXPECT_TRUE(valid) << valid.error().message;
  cases::Memory memory;
  const auto place = [&](const std::string& text) {
    return memory.add({text.c_str(), text.c_str() + text.size() + 1});
  };
  const uint64_t words[] = {place(question.text), place(question.part),
                            static_cast<uint64_t>(question.start),
                            static_cast<uint64_t>(question.end)};
  bytecode::Event event;
  event.comm = "texts";
  event.context.resize(sizeof words);
  std::memcpy(event.context.data(), words, sizeof words);
  event.memory = [&memory](uint64_t address, uint32_t size) { return memory.read(address, size); };
  const bytecode::Effects effects = expect_same(engine, program, event);
  Answers answers{};
  static_assert(sizeof answers == 4 * sizeof(int64_t));
  for (size_t i = 0; i < 4 && i < effects.rows.size(); ++i)
    std::memcpy(reinterpret_cast<char*>(&answers) + i * sizeof(int64_t),
                effects.rows[i].data() + sizeof(vm_row), sizeof(int64_t));
  return answers;
}

size_t below(Random& random, size_t n) { return random() % n; }

// Lengths around the sizes of words and blocks, and any.
size_t some_length(Random& random) {
  constexpr size_t edges[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 192, 256};
  switch (below(random, 8)) {
    case 0:
      return below(random, VM_STR_MAX);
    case 1:
    case 2:
      return below(random, 600);
    default:
      return edges[below(random, std::size(edges))];
  }
}

std::string letters(Random& random, size_t length) {
  constexpr std::string_view all = "abAB \t\n\r@[`{zZ\x80\xff\xc1\xe1";
  const size_t kinds = 1 + below(random, below(random, 2) == 0 ? 3 : all.size());
  const size_t first = below(random, all.size());
  std::string text;
  for (size_t i = 0; i < length; ++i) text += all[(first + below(random, kinds)) % all.size()];
  return text;
}

Question some_question(Random& random) {
  Question question;
  question.text = letters(random, some_length(random));
  const size_t size = question.text.size();
  const size_t at = below(random, size + 1);
  const size_t length = std::min(some_length(random), size - at);
  question.part = question.text.substr(at, length);
  switch (below(random, 6)) {
    case 0:  // which need not be there
      question.part = letters(random, some_length(random));
      break;
    case 1:
      if (!question.part.empty()) question.part[below(random, length)] = 'q';
      break;
    case 2:
      question.part = question.text + question.part;
      break;
    case 3:  // in two places, which may overlap
      question.text.insert(below(random, size + 1), question.part);
      break;
    default:
      break;
  }
  question.text.resize(std::min<size_t>(question.text.size(), kMost));
  question.start = static_cast<int64_t>(below(random, size + 20)) - 10;
  question.end = static_cast<int64_t>(below(random, size + 20)) - 10;
  if (below(random, 16) == 0) question.start = INT64_MIN;
  if (below(random, 16) == 0) question.end = INT64_MAX;
  if (below(random, 3) == 0) question.most = static_cast<int32_t>(some_length(random));
  return question;
}

}  // namespace

void expect_text_agreement(cases::Engine& engine, uint64_t seed, int pairs) {
  Random random(seed);
  int found = 0, twice = 0, not_found = 0;
  for (int i = 0; i < pairs; ++i) {
    const Question question = some_question(random);
    const Answers answers = ask(engine, question);
    ASSERT_FALSE(testing::Test::HasFailure())
        << "pair " << i << ": a text of " << question.text.size() << " bytes, a part of "
        << question.part.size();
    answers.first < 0 ? ++not_found : ++found;
    if (answers.first != answers.last) ++twice;
  }
  EXPECT_GT(found, pairs / 4);
  EXPECT_GT(twice, pairs / 16);
  EXPECT_GT(not_found, pairs / 16);
}

void expect_longest_texts(cases::Engine& engine) {
  for (const size_t length : {size_t{kMost}, size_t{kMost} + 1}) {
    Random random(length);
    Question question;
    for (size_t i = 0; i < length; ++i) question.text += static_cast<char>('A' + random() % 26);
    const std::string kept = question.text.substr(0, kMost);
    question.end = kMost;
    for (const size_t part : {size_t{1}, size_t{64}, size_t{4000}, size_t{kMost}}) {
      question.part = kept.substr(kept.size() - part);
      const Answers answers = ask(engine, question);
      EXPECT_EQ(answers.first, static_cast<int64_t>(kept.find(question.part)));
      EXPECT_EQ(answers.last, static_cast<int64_t>(kept.size() - part));
      EXPECT_EQ(answers.ends, 1);
      question.start = static_cast<int64_t>(part) / 2;
    }
    question.most = kMost - 1;  // one byte less than most of what is made
    question.start = 0;
    ask(engine, question);
    question.part = question.text + "x";
    EXPECT_EQ(ask(engine, question).starts, 1);  // as much of it as is read
  }
  Question white;
  white.text = std::string(kMost, ' ');
  ask(engine, white);
  white.text = std::string(2000, '\t') + "x" + std::string(2000, '\n');
  ask(engine, white);
}

void expect_exact_search(cases::Engine& engine) {
  // In this sequence and in the same with its letters exchanged each polynomial hash modulo 2^64 is
  // the same from 2^11 letters on.
  std::string one = "a", other = "b";
  while (one.size() < 1 << 11) {
    const std::string before = one;
    one += other;
    other += before;
  }
  Question question;
  question.text = other.substr(0, 1) + one.substr(1) + one.substr(0, 1500);
  question.part = other;
  EXPECT_EQ(ask(engine, question).first, static_cast<int64_t>(question.text.find(other)));
  question.text = one + other.substr(0, kMost - one.size());
  question.part = one.substr(0, 1 << 10);
  const Answers answers = ask(engine, question);
  EXPECT_EQ(answers.first, 0);
  EXPECT_EQ(answers.last, static_cast<int64_t>(question.text.rfind(question.part)));
  for (const std::string& part : {other, other.substr(0, 1 << 10)}) {
    question.text = "x" + one + "y" + one.substr(0, 1 << 10) + "z";
    question.part = part;
    EXPECT_EQ(ask(engine, question).first, static_cast<int64_t>(question.text.find(part)));
  }

  question.text = std::string(kMost, 'a');
  for (const size_t length : {8, 64, 2000, 4000}) {
    question.part = std::string(length, 'a') + "b";
    EXPECT_EQ(ask(engine, question).first, -1);
    question.part = "b" + std::string(length, 'a');
    EXPECT_EQ(ask(engine, question).last, -1);
    question.part = std::string(length, 'a');
    const Answers places = ask(engine, question);
    EXPECT_EQ(places.first, 0);
    EXPECT_EQ(places.last, static_cast<int64_t>(kMost - length));
  }
}

}  // namespace kernel_tests
