/* SPDX-License-Identifier: Apache-2.0
 * plugin.cpp: what LLVM's C interface does not have: the pass is made known to clang, a block is split, flags of fast
 * arithmetic are read, a diagnostic is given. All else is instrument.c. */
#include "plugin.h"
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

using namespace llvm;

void vprec_plugin_split(LLVMValueRef before, LLVMValueRef condition, vprec_plugin_fork *fork)
{
    Instruction *at = cast<Instruction>(unwrap(before));
    MDNode *rarely = MDBuilder(at->getContext()).createBranchWeights(1, 100000);
    Instruction *end = SplitBlockAndInsertIfThen(unwrap(condition), at, false, rarely);
    fork->from = wrap(end->getParent()->getSinglePredecessor());
    fork->rare = wrap(end->getParent());
}

unsigned vprec_plugin_flags(LLVMValueRef operation)
{
    const auto *op = dyn_cast<FPMathOperator>(unwrap(operation));
    if (!op)
        return 0;
    unsigned flags = 0;
    if (op->hasAllowContract())
        flags |= VPREC_PLUGIN_CONTRACT;
    if (op->hasAllowReassoc())
        flags |= VPREC_PLUGIN_REASSOC;
    return flags;
}

LLVMValueRef vprec_plugin_plain(LLVMValueRef instruction)
{
    auto *from = cast<Instruction>(unwrap(instruction));
    Instruction *copy = from->clone();
    copy->insertBefore(from);
    if (isa<FPMathOperator>(copy))
        copy->copyFastMathFlags(FastMathFlags());
    copy->setMetadata(LLVMContext::MD_fpmath, nullptr);
    return wrap(copy);
}

void vprec_plugin_call(LLVMValueRef call, LLVMValueRef callee)
{
    auto *to = cast<CallBase>(unwrap(call));
    to->setCalledOperand(unwrap(callee));
    /* What was known of the library's function: that it has no effect, or returns no NaN. */
#if LLVM_VERSION_MAJOR >= 16
    to->removeFnAttr(Attribute::Memory);
#else
    for (Attribute::AttrKind known : {Attribute::ReadNone, Attribute::ReadOnly, Attribute::WriteOnly,
                                      Attribute::ArgMemOnly, Attribute::InaccessibleMemOnly})
        to->removeFnAttr(known);
#endif
    if (isa<FPMathOperator>(to))
        to->copyFastMathFlags(FastMathFlags());
}

namespace {

class Uninstrumented : public DiagnosticInfo {
public:
    Uninstrumented(const char *text, bool error)
        : DiagnosticInfo(DK_FirstPluginKind, error ? DS_Error : DS_Warning), text(text)
    {
    }
    void print(DiagnosticPrinter &printer) const override { printer << text; }

private:
    const char *text;
};

struct Rounding : PassInfoMixin<Rounding> {
    static PreservedAnalyses run(Module &module, ModuleAnalysisManager &)
    {
        return vprec_cc_instrument(wrap(&module)) ? PreservedAnalyses::none() : PreservedAnalyses::all();
    }
    static bool isRequired() { return true; }
};

} // namespace

void vprec_plugin_say(LLVMModuleRef module, const char *text, bool error)
{
    unwrap(module)->getContext().diagnose(Uninstrumented(text, error));
}

extern "C" __attribute__((visibility("default"))) PassPluginLibraryInfo llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, "vprec", VPREC_VERSION, [](PassBuilder &builder) {
#if LLVM_VERSION_MAJOR >= 20
                builder.registerOptimizerLastEPCallback(
                    [](ModulePassManager &manager, OptimizationLevel, ThinOrFullLTOPhase) { manager.addPass(Rounding()); });
#else
                builder.registerOptimizerLastEPCallback(
                    [](ModulePassManager &manager, OptimizationLevel) { manager.addPass(Rounding()); });
#endif
                builder.registerPipelineParsingCallback(
                    [](StringRef name, ModulePassManager &manager, ArrayRef<PassBuilder::PipelineElement>) {
                        if (name != "vprec")
                            return false;
                        manager.addPass(Rounding());
                        return true;
                    });
            }};
}
