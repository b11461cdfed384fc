/* SPDX-License-Identifier: Apache-2.0
 * lines.c: see pass.h. A record for each line of each function: site.h. */
#include "pass.h"
#include "values.h"
#include <string.h>

enum { FIELDS = 10 };

static LLVMValueRef file_of(vprec_cc_pass *p, const vprec_cc_line *l)
{
    for (size_t i = p->file_count; i-- > 0;)
        if (p->files[i].file == l->file)
            return p->files[i].text;
    p->files = vprec_cc_grown(p->files, p->file_count, &p->file_space, sizeof *p->files);
    vprec_cc_named *n = &p->files[p->file_count++];
    *n = (vprec_cc_named){l->file, vprec_cc_text(p->module, l->file, l->length)};
    return n->text;
}

LLVMTypeRef vprec_cc_record_type(vprec_cc_pass *p)
{
    LLVMTypeRef fields[] = {LLVMArrayType(p->byte, offsetof(vprec_cc_site, function)),
                            p->pointer,
                            p->pointer,
                            p->i32,
                            p->i32,
                            p->i32,
                            p->i32,
                            p->pointer,
                            p->pointer,
                            LLVMArrayType(p->byte, sizeof(vprec_cc_site) - offsetof(vprec_cc_site, counter))};
    return LLVMStructTypeInContext(p->context, fields, sizeof fields / sizeof *fields, false);
}

/* The record of the instruction's line in this function. */
vprec_cc_line *vprec_cc_line_of(vprec_cc_pass *p, LLVMValueRef instruction)
{
    unsigned number_ = 0, length = 0;
    const char *file = "";
    if (LLVMGetMetadata(instruction, 0)) { /* !dbg */
        number_ = LLVMGetDebugLocLine(instruction);
        file = LLVMGetDebugLocFilename(instruction, &length);
        if (!file)
            file = "";
    }
    for (size_t i = p->count; i-- > 0;)
        if (p->lines[i].line == number_ && p->lines[i].file == file)
            return &p->lines[i];
    p->lines = vprec_cc_grown(p->lines, p->count, &p->space, sizeof *p->lines);
    vprec_cc_line *l = &p->lines[p->count++];
    *l = (vprec_cc_line){.record = LLVMAddGlobal(p->module, p->record, "vprec.site"), number_, 0, 0, file, length};
    LLVMSetSection(l->record, VPREC_CC_SECTION);
    LLVMSetLinkage(l->record, LLVMPrivateLinkage);
    LLVMSetAlignment(l->record, 64);
    return l;
}

/* The text of a constant that is one; NULL: it is none. */
static const char *string_of(LLVMValueRef value, size_t *length)
{
    while (LLVMIsAConstantExpr(value))
        value = LLVMGetOperand(value, 0);
    LLVMValueRef text = LLVMIsAGlobalVariable(value) ? LLVMGetInitializer(value) : NULL;
    return text && LLVMIsAConstantDataArray(text) && LLVMIsConstantString(text) ? LLVMGetAsString(text, length) : NULL;
}

/* What the function's annotation says of its operations; a null pointer: it has none. */
static LLVMValueRef given_to(vprec_cc_pass *p, LLVMValueRef function)
{
    LLVMValueRef all = LLVMGetNamedGlobal(p->module, "llvm.global.annotations"), list = all ? LLVMGetInitializer(all) : NULL;
    for (int i = 0; list && i < LLVMGetNumOperands(list); i++) {
        LLVMValueRef entry = LLVMGetOperand(list, (unsigned)i), of = LLVMGetOperand(entry, 0);
        while (LLVMIsAConstantExpr(of))
            of = LLVMGetOperand(of, 0);
        size_t length;
        const char *text = of == function ? string_of(LLVMGetOperand(entry, 1), &length) : NULL;
        const size_t begins = strlen(VPREC_CC_ANNOTATION);
        if (text && length > begins && !memcmp(text, VPREC_CC_ANNOTATION, begins))
            return vprec_cc_text(p->module, text + begins, strnlen(text + begins, length - begins));
    }
    return LLVMConstNull(p->pointer);
}

void vprec_cc_lines_end(vprec_cc_pass *p)
{
    size_t length;
    const char *name = LLVMGetValueName2(p->function, &length);
    LLVMValueRef function = p->count ? vprec_cc_text(p->module, name, length) : NULL, given = given_to(p, p->function);
    for (size_t i = 0; i < p->count; i++) {
        const vprec_cc_line *l = &p->lines[i];
        LLVMTypeRef types[FIELDS];
        LLVMGetStructElementTypes(p->record, types);
        LLVMValueRef fields[FIELDS] = {LLVMConstNull(types[0]),
                                       function,
                                       file_of(p, l),
                                       vprec_cc_number(p->i32, l->line),
                                       vprec_cc_number(p->i32, l->operations),
                                       vprec_cc_number(p->i32, VPREC_CC_UNKNOWN),
                                       vprec_cc_number(p->i32, l->singles),
                                       LLVMConstNull(types[7]),
                                       given,
                                       LLVMConstNull(types[9])};
        LLVMSetInitializer(l->record, LLVMConstStructInContext(p->context, fields, FIELDS, false));
    }
    p->count = 0;
}
