// Schemas of this machine's own targets as the kernel's types complete them.
#include "host/describe.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace host {
namespace {

using bytecode::CKind;
using bytecode::CType;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::Schema;

class Describe : public testing::Test {
 protected:
  void SetUp() override {
    if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) GTEST_SKIP() << "this kernel has no BTF";
    if (geteuid() != 0) GTEST_SKIP() << "reading tracefs needs root";
  }
  // What the pointer `field` of `schema` points to.
  CType pointee(const Schema& schema, const Field* field) {
    if (field == nullptr) return {};
    const CType pointer = schema.types->describe(field->ctype);
    EXPECT_EQ(pointer.kind, CKind::pointer) << field->name;
    return schema.types->describe(pointer.of);
  }
  Machine machine_;
};

TEST_F(Describe, EveryKindHasTheTask) {
  Schema schema;
  describe_task(machine_, schema);
  ASSERT_NE(schema.types, nullptr);
  const CType task = schema.types->describe(schema.task);
  EXPECT_EQ(task.kind, CKind::pointer);
  const auto parent = schema.types->member(task.of, "real_parent");
  ASSERT_TRUE(parent);
  EXPECT_EQ(schema.types->describe(parent->type).name, "struct task_struct *");
  EXPECT_TRUE(schema.types->member(task.of, "tgid"));
}

TEST_F(Describe, AFunctionAtItsEntryAndItsEnd) {
  Schema schema;
  ASSERT_TRUE(describe_entry(machine_, schema, "vfs_read", ""));
  ASSERT_EQ(schema.args.size(), 4u);
  EXPECT_EQ(schema.args[0].name, "file");
  const CType file = pointee(schema, &schema.args[0]);
  EXPECT_EQ(file.name, "struct file");
  // $ctx.args.file.f_path.dentry.d_name.name, as the language walks it: text all the same.
  const auto path = schema.types->member(schema.types->find("struct file"), "f_path");
  ASSERT_TRUE(path);
  const auto dentry = schema.types->member(path->type, "dentry");
  ASSERT_TRUE(dentry);
  const auto name = schema.types->member(schema.types->describe(dentry->type).of, "d_name");
  ASSERT_TRUE(name);
  const auto text = schema.types->member(name->type, "name");
  ASSERT_TRUE(text);
  EXPECT_EQ(schema.types->describe(schema.types->describe(text->type).of).kind, CKind::integer);
  EXPECT_EQ(schema.args[1].kind, FieldKind::string);
  EXPECT_EQ(schema.args[2].type, "size_t");

  Schema ended;
  describe_return(machine_, ended, "vfs_read", "", 80);
  EXPECT_TRUE(ended.has_retval);
  EXPECT_EQ(ended.retval.type, "ssize_t");
  EXPECT_TRUE(ended.retval.is_signed);
  EXPECT_EQ(ended.retval.offset, 80u);
  Schema unknown;
  describe_return(machine_, unknown, "no_such_function", "", 80);
  EXPECT_TRUE(unknown.has_retval);
  EXPECT_EQ(unknown.retval.type, "long");
  EXPECT_FALSE(describe_entry(machine_, unknown, "no_such_function", ""));
}

TEST_F(Describe, FentryAndFexit) {
  Schema schema;
  const Result<Traced> traced = describe_traced(machine_, schema, "vfs_read", "", true);
  ASSERT_TRUE(traced.ok());
  EXPECT_NE(traced->id, 0u);
  EXPECT_EQ(traced->object_fd, -1);
  ASSERT_EQ(schema.args.size(), 4u);
  EXPECT_EQ(schema.args[3].offset, 24u);
  EXPECT_EQ(schema.registers.size(), 4u);
  EXPECT_TRUE(schema.has_retval);
  EXPECT_EQ(schema.retval.offset, 32u);
  EXPECT_FALSE(describe_traced(machine_, schema, "no_such_function", "", false).ok());
}

TEST_F(Describe, RawTracepoint) {
  Schema schema;
  ASSERT_TRUE(describe_raw_tracepoint(machine_, schema, "sched_switch"));
  const Field* prev = schema.find_arg("prev");
  ASSERT_NE(prev, nullptr);
  EXPECT_EQ(pointee(schema, prev).name, "struct task_struct");
  EXPECT_EQ(schema.args[0].offset, 0u);
  EXPECT_EQ(schema.registers.size(), schema.args.size());
  EXPECT_EQ(schema.registers[0].kind, FieldKind::integer);
  EXPECT_FALSE(describe_raw_tracepoint(machine_, schema, "no_such_tracepoint"));
}

TEST_F(Describe, FieldsThatAreDeclaredInWords) {
  const Result<Target> state = tracepoint_target(machine_, "sock", "inet_sock_set_state");
  if (state) {
    const Field* address = state->schema.find_arg("skaddr");
    ASSERT_NE(address, nullptr);
    EXPECT_EQ(address->kind, FieldKind::address);
    EXPECT_NE(address->ctype, 0u);
    const Field* v6 = state->schema.find_arg("saddr_v6");
    ASSERT_NE(v6, nullptr);
    const CType bytes = state->schema.types->describe(v6->ctype);
    EXPECT_EQ(bytes.kind, CKind::array);
    EXPECT_EQ(bytes.count, 16u);
  }
  const Result<Target> enter = tracepoint_target(machine_, "raw_syscalls", "sys_enter");
  ASSERT_TRUE(enter.ok());
  const Field* words = enter->schema.find_arg("args");
  ASSERT_NE(words, nullptr);
  const CType array = enter->schema.types->describe(words->ctype);
  EXPECT_EQ(array.kind, CKind::array);
  EXPECT_EQ(array.count, 6u);
  EXPECT_EQ(enter->schema.types->describe(array.of).size, 8u);

  const Result<Target> connect = tracepoint_target(machine_, "syscalls", "sys_enter_connect");
  ASSERT_TRUE(connect.ok());
  const CType address = pointee(connect->schema, connect->schema.find_arg("uservaddr"));
  EXPECT_EQ(address.name, "struct sockaddr");
  EXPECT_TRUE(
      connect->schema.types->member(connect->schema.types->find("struct sockaddr"), "sa_family"));
  const Result<Target> exec = tracepoint_target(machine_, "syscalls", "sys_enter_execve");
  ASSERT_TRUE(exec.ok());
  const CType item = pointee(exec->schema, exec->schema.find_arg("argv"));
  EXPECT_EQ(item.kind, CKind::pointer);
  EXPECT_EQ(exec->schema.types->describe(item.of).kind, CKind::character);
}

TEST_F(Describe, AFileInPlaceOfTheKernels) {
  EXPECT_TRUE(machine_.use_btf("/sys/kernel/btf/vmlinux").ok());
  EXPECT_TRUE(machine_.btf().ok());
  EXPECT_FALSE(machine_.use_btf("/nonexistent").ok());
  EXPECT_FALSE(machine_.btf("no_such_module").ok());
}

}  // namespace
}  // namespace host
