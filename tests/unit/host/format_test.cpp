// Format files to schemas: files of real kernels, and one with every shape of field.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "host/tracefs.hpp"

namespace host {
namespace {

using bytecode::Field;
using bytecode::FieldKind;
using bytecode::Schema;

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(FORMAT_FOLDER) + "/" + name);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

Format parse(const std::string& name) {
  auto format = parse_format(read_file(name));
  EXPECT_TRUE(format.ok());
  return format.ok() ? *format : Format{};
}

TEST(Format, EveryShapeOfField) {
  const Format format = parse("every_width");
  EXPECT_EQ(format.id, 77u);
  struct Expected {
    const char* name;
    FieldKind kind;
    uint32_t offset, size;
    bool is_signed;
    const char* type;
  };
  constexpr Expected expected[] = {
      {"a", FieldKind::integer, 8, 1, true, "s8"},
      {"b", FieldKind::integer, 9, 1, false, "u8"},
      {"c", FieldKind::integer, 10, 2, true, "short"},
      {"d", FieldKind::integer, 12, 2, false, "u16"},
      {"e", FieldKind::integer, 16, 4, true, "int"},
      {"f", FieldKind::integer, 20, 4, false, "unsigned int"},
      {"g", FieldKind::integer, 24, 8, true, "long"},
      {"h", FieldKind::integer, 32, 8, false, "u64"},
      {"rwbs", FieldKind::char_array, 40, 10, false, "char[10]"},
      {"addr", FieldKind::array, 50, 6, false, "unsigned char[6]"},
      {"name", FieldKind::data_loc, 56, 4, false, "__data_loc char[]"},
      {"list", FieldKind::array, 60, 4, false, "__data_loc u32[]"},
      {"text", FieldKind::string, 64, 8, false, "const char *"},
      {"argv", FieldKind::address, 72, 8, false, "const char *const *"},
      {"skb", FieldKind::address, 80, 8, false, "struct sk_buff *"},
      {"pair", FieldKind::array, 88, 16, false, "struct pair"},
      {"flag", FieldKind::integer, 104, 1, false, "bool"},
  };
  ASSERT_EQ(format.fields.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    const Field& field = format.fields[i];
    EXPECT_EQ(field.name, expected[i].name);
    EXPECT_EQ(field.kind, expected[i].kind) << field.name;
    EXPECT_EQ(field.offset, expected[i].offset) << field.name;
    EXPECT_EQ(field.size, expected[i].size) << field.name;
    EXPECT_EQ(field.is_signed, expected[i].is_signed) << field.name;
    EXPECT_EQ(field.type, expected[i].type);
  }
}

TEST(Format, WithoutAnIdIsAnError) {
  EXPECT_FALSE(parse_format("name: x\nformat:\n").ok());
  EXPECT_FALSE(parse_format("").ok());
}

TEST(Format, OrdinaryTracepoint) {
  const Schema schema = tracepoint_schema("sched", "sched_switch", parse("sched_switch"));
  EXPECT_EQ(schema.target, "tracepoint:sched:sched_switch");
  EXPECT_EQ(schema.args.size(), 7u);
  ASSERT_NE(schema.find_arg("next_comm"), nullptr);
  EXPECT_EQ(schema.find_arg("next_comm")->kind, FieldKind::char_array);
  ASSERT_EQ(schema.registers.size(), 7u);
  EXPECT_EQ(schema.registers[1].name, "arg1");
  EXPECT_EQ(schema.registers[1].offset, schema.find_arg("prev_pid")->offset);
  EXPECT_FALSE(schema.has_retval);
}

TEST(Format, SyscallArgumentsHaveTheirOwnWidths) {
  // As 6.18 has it, and as newer kernels do, which append the text that they copied.
  for (const char* name : {"sys_enter_openat", "sys_enter_openat_with_text"}) {
    const Schema schema = tracepoint_schema("syscalls", "sys_enter_openat", parse(name));
    ASSERT_EQ(schema.args.size(), 4u) << name;
    EXPECT_EQ(schema.args[0].name, "dfd");
    EXPECT_EQ(schema.args[0].size, 4u);
    EXPECT_TRUE(schema.args[0].is_signed);
    EXPECT_EQ(schema.args[1].kind, FieldKind::string);
    EXPECT_EQ(schema.args[1].offset, 24u);
    EXPECT_EQ(schema.args[3].size, 2u);
    ASSERT_EQ(schema.registers.size(), 6u);
    EXPECT_EQ(schema.registers[5].offset, 56u);
    EXPECT_EQ(schema.registers[0].size, 8u);
  }
}

TEST(Format, SyscallExitReturns) {
  const Schema schema = tracepoint_schema("syscalls", "sys_exit_openat", parse("sys_exit_openat"));
  EXPECT_TRUE(schema.has_retval);
  EXPECT_EQ(schema.retval.offset, 16u);
  EXPECT_TRUE(schema.retval.is_signed);
  EXPECT_EQ(schema.args.size(), 1u);
}

TEST(Format, DataLocAndArrays) {
  const Schema exec = tracepoint_schema("sched", "sched_process_exec", parse("sched_process_exec"));
  EXPECT_EQ(exec.find_arg("filename")->kind, FieldKind::data_loc);
  const Schema raw = tracepoint_schema("raw_syscalls", "sys_enter", parse("raw_sys_enter"));
  EXPECT_EQ(raw.find_arg("args")->kind, FieldKind::array);
  EXPECT_EQ(raw.find_arg("id")->kind, FieldKind::integer);
}

// Text is of char and of signed char; what is unsigned are bytes.
TEST(Format, WhatIsText) {
  const auto format = parse_format(
      "ID: 5\nformat:\n"
      "\tfield:signed char * s;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:const unsigned char * u;\toffset:16;\tsize:8;\tsigned:0;\n"
      "\tfield:u8 * b;\toffset:24;\tsize:8;\tsigned:0;\n"
      "\tfield:char * c;\toffset:32;\tsize:8;\tsigned:0;\n");
  ASSERT_TRUE(format.ok());
  ASSERT_EQ(format->fields.size(), 4u);
  EXPECT_EQ(format->fields[0].kind, FieldKind::string);
  EXPECT_EQ(format->fields[1].kind, FieldKind::address);
  EXPECT_EQ(format->fields[2].kind, FieldKind::address);
  EXPECT_EQ(format->fields[3].kind, FieldKind::string);
}

// `bpf-tracepoint` reads whatever the running kernel says; what makes no sense is no field's text.
TEST(Format, OddDeclarations) {
  const auto format = parse_format(
      "ID: 5\nformat:\n"
      "\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:1;\n"
      "\tfield:int odd];\toffset:20;\tsize:4;\tsigned:1;\n");
  ASSERT_TRUE(format.ok());
  ASSERT_EQ(format->fields.size(), 1u);
  EXPECT_EQ(format->fields[0].name, "buf");
  EXPECT_EQ(format->fields[0].kind, FieldKind::array);
}

}  // namespace
}  // namespace host
