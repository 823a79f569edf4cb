/*
 * Calls every function of LiteRT's C API with NULLs, wrong indices and in the wrong order. Each line is a call and what it answers;
 * none may crash. `tools/test-bindings.sh` checks that no function of the library is missing here.
 *
 *   symbols MODEL
 */
#include "check.h"
#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"
#include "tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h"

static int reported = 0;

/* Counts texts; it has to see them finished. */
static void count_reports(void* user_data, const char* format, va_list arguments) {
  char text[512];
  vsnprintf(text, sizeof text, format, arguments);
  CHECK(user_data == &reported && text[0] != '\0');
  ++reported;
}

/* A call that answers a failure and reports it, too. */
#define REPORTS(call)                     \
  do {                                    \
    int before = reported;                \
    CHECK(call);                          \
    CHECK(reported == before + 1);        \
  } while (0)

static void versions(void) {
  CHECK(strchr(TfLiteVersion(), '.') != NULL);
  CHECK(strchr(TfLiteExtensionApisVersion(), '.') != NULL);
  CHECK(TfLiteSchemaVersion() == 3);
}

static void models_without_bytes(void) {
  static const char junk[64] = "junk";
  CHECK(TfLiteModelCreate(NULL, 0) == NULL);
  CHECK(TfLiteModelCreate(NULL, 64) == NULL);
  CHECK(TfLiteModelCreate(junk, 0) == NULL);
  CHECK(TfLiteModelCreate(junk, sizeof junk) == NULL);
  REPORTS(TfLiteModelCreateWithErrorReporter(NULL, 0, count_reports, &reported) == NULL);
  REPORTS(TfLiteModelCreateWithErrorReporter(junk, sizeof junk, count_reports, &reported) == NULL);
  CHECK(TfLiteModelCreateFromFile(NULL) == NULL);
  CHECK(TfLiteModelCreateFromFile("/no/100%s/such.tflite") == NULL);
  REPORTS(TfLiteModelCreateFromFileWithErrorReporter(NULL, count_reports, &reported) == NULL);
  REPORTS(TfLiteModelCreateFromFileWithErrorReporter("/no/100%s/%n.tflite", count_reports, &reported) == NULL);
  CHECK(TfLiteModelCreateFromFileWithErrorReporter("/no/100%s/%n.tflite", NULL, NULL) == NULL);
  TfLiteModelDelete(NULL);
}

static void null_options(void) {
  CHECK(TfLiteInterpreterOptionsCopy(NULL) == NULL);
  TfLiteInterpreterOptionsDelete(NULL);
  TfLiteInterpreterOptionsSetNumThreads(NULL, 1);
  TfLiteInterpreterOptionsAddDelegate(NULL, NULL);
  TfLiteInterpreterOptionsSetErrorReporter(NULL, count_reports, &reported);
  TfLiteInterpreterOptionsAddOperator(NULL, NULL);
  CHECK(TfLiteInterpreterOptionsEnableCancellation(NULL, true) == kTfLiteError);
  TfLiteInterpreterOptionsAddBuiltinOp(NULL, kTfLiteBuiltinConv2d, NULL, 1, 1);
  TfLiteInterpreterOptionsAddCustomOp(NULL, NULL, NULL, 1, 1);
  TfLiteInterpreterOptionsSetOpResolver(NULL, NULL, NULL, NULL);
  TfLiteInterpreterOptionsSetOpResolverV1(NULL, NULL, NULL, NULL);
  TfLiteInterpreterOptionsSetOpResolverV2(NULL, NULL, NULL, NULL);
  TfLiteInterpreterOptionsSetOpResolverV3(NULL, NULL, NULL, NULL);
  TfLiteInterpreterOptionsSetOpResolverExternal(NULL, NULL, NULL, NULL);
  TfLiteInterpreterOptionsSetOpResolverExternalWithFallback(NULL, NULL, NULL, NULL, NULL, NULL);
  TfLiteInterpreterOptionsSetUseNNAPI(NULL, true);
  TfLiteInterpreterOptionsSetEnableDelegateFallback(NULL, true);
  TfLiteInterpreterOptionsSetTelemetryProfiler(NULL, NULL);
}

static void null_interpreters(void) {
  TfLiteBufferHandle handle = 0;
  TfLiteOpaqueDelegate* delegate = NULL;
  CHECK(TfLiteInterpreterCreate(NULL, NULL) == NULL);
  CHECK(TfLiteInterpreterCreateWithSelectedOps(NULL, NULL) == NULL);
  TfLiteInterpreterDelete(NULL);
  CHECK(TfLiteInterpreterGetInputTensorCount(NULL) == 0);
  CHECK(TfLiteInterpreterInputTensorIndices(NULL) == NULL);
  CHECK(TfLiteInterpreterGetInputTensor(NULL, 0) == NULL);
  CHECK(TfLiteInterpreterResizeInputTensor(NULL, 0, NULL, 0) == kTfLiteError);
  CHECK(TfLiteInterpreterAllocateTensors(NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterInvoke(NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterGetOutputTensorCount(NULL) == 0);
  CHECK(TfLiteInterpreterOutputTensorIndices(NULL) == NULL);
  CHECK(TfLiteInterpreterGetOutputTensor(NULL, 0) == NULL);
  CHECK(TfLiteInterpreterGetTensor(NULL, 0) == NULL);
  CHECK(TfLiteInterpreterCancel(NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterGetSignatureCount(NULL) == 0);
  CHECK(TfLiteInterpreterGetSignatureKey(NULL, 0) == NULL);
  CHECK(TfLiteInterpreterGetSignatureRunner(NULL, NULL) == NULL);
  CHECK(TfLiteInterpreterResetVariableTensors(NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterGetVariableTensorCount(NULL) == 0);
  CHECK(TfLiteInterpreterGetVariableTensor(NULL, 0) == NULL);
  CHECK(TfLiteInterpreterModifyGraphWithDelegate(NULL, NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterGetInputTensorIndex(NULL, 0) == -1);
  CHECK(TfLiteInterpreterGetOutputTensorIndex(NULL, 0) == -1);
  CHECK(TfLiteInterpreterSetCustomAllocationForTensor(NULL, 0, NULL, 0) == kTfLiteError);
  CHECK(TfLiteInterpreterSetBufferHandle(NULL, NULL, 0, NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterGetBufferHandle(NULL, 0, &handle, &delegate) == kTfLiteError);
  TfLiteSetAllowBufferHandleOutput(NULL, true);
  CHECK(TfLiteInterpreterEnsureTensorDataIsReadable(NULL, 0) == kTfLiteError);
}

static void null_runners(void) {
  CHECK(TfLiteSignatureRunnerGetInputCount(NULL) == 0);
  CHECK(TfLiteSignatureRunnerGetInputName(NULL, 0) == NULL);
  CHECK(TfLiteSignatureRunnerResizeInputTensor(NULL, NULL, NULL, 0) == kTfLiteError);
  CHECK(TfLiteSignatureRunnerAllocateTensors(NULL) == kTfLiteError);
  CHECK(TfLiteSignatureRunnerGetInputTensor(NULL, NULL) == NULL);
  CHECK(TfLiteSignatureRunnerInvoke(NULL) == kTfLiteError);
  CHECK(TfLiteSignatureRunnerGetOutputCount(NULL) == 0);
  CHECK(TfLiteSignatureRunnerGetOutputName(NULL, 0) == NULL);
  CHECK(TfLiteSignatureRunnerGetOutputTensor(NULL, NULL) == NULL);
  CHECK(TfLiteSignatureRunnerCancel(NULL) == kTfLiteError);
  TfLiteSignatureRunnerDelete(NULL);
}

static void null_tensors(void) {
  char byte = 0;
  CHECK(TfLiteTensorType(NULL) == kTfLiteNoType);
  CHECK(TfLiteTensorNumDims(NULL) == -1);
  CHECK(TfLiteTensorDim(NULL, 0) == -1);
  CHECK(TfLiteTensorByteSize(NULL) == 0);
  CHECK(TfLiteTensorData(NULL) == NULL);
  CHECK(TfLiteTensorName(NULL) == NULL);
  CHECK(TfLiteTensorQuantizationParams(NULL).scale == 0 && TfLiteTensorQuantizationParams(NULL).zero_point == 0);
  CHECK(TfLiteTensorCopyFromBuffer(NULL, &byte, 1) == kTfLiteError);
  CHECK(TfLiteTensorCopyToBuffer(NULL, &byte, 1) == kTfLiteError);
}

static TfLiteInterpreterOptions* reporting_options(void) {
  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetErrorReporter(options, count_reports, &reported);
  TfLiteInterpreterOptionsSetNumThreads(options, 1);
  return options;
}

static void delegates(const TfLiteModel* model) {
  TfLiteXNNPackDelegateOptions xnnpack_options = TfLiteXNNPackDelegateOptionsDefault();
  TfLiteDelegate* xnnpack = TfLiteXNNPackDelegateCreate(&xnnpack_options);
  TfLiteDelegate* without_options = TfLiteXNNPackDelegateCreate(NULL);
  void* foreign[16] = {NULL}; /* what a delegate of somebody else's looks like from outside */
  CHECK(sizeof xnnpack_options == 24 && xnnpack_options.num_threads == 0);
  CHECK(xnnpack != NULL && without_options != NULL);

  TfLiteInterpreterOptions* options = reporting_options();
  TfLiteInterpreterOptionsAddDelegate(options, NULL);
  TfLiteInterpreterOptionsAddDelegate(options, xnnpack);
  TfLiteInterpreterOptionsSetUseNNAPI(options, true);
  TfLiteInterpreterOptionsSetEnableDelegateFallback(options, true);
  TfLiteInterpreterOptionsSetTelemetryProfiler(options, NULL);
  TfLiteInterpreter* interpreter = TfLiteInterpreterCreate(model, options);
  CHECK(interpreter != NULL);
  CHECK(TfLiteInterpreterModifyGraphWithDelegate(interpreter, NULL) == kTfLiteError);
  CHECK(TfLiteInterpreterModifyGraphWithDelegate(interpreter, xnnpack) == kTfLiteOk);
  REPORTS(TfLiteInterpreterModifyGraphWithDelegate(interpreter, (TfLiteDelegate*)foreign) == kTfLiteDelegateError);
  TfLiteInterpreterDelete(interpreter);

  TfLiteInterpreterOptionsAddDelegate(options, (TfLiteOpaqueDelegate*)foreign);
  TfLiteInterpreterOptions* copy = TfLiteInterpreterOptionsCopy(options);
  REPORTS(TfLiteInterpreterCreate(model, options) == NULL);
  REPORTS(TfLiteInterpreterCreate(model, copy) == NULL);
  TfLiteInterpreterOptionsDelete(copy);
  TfLiteInterpreterOptionsDelete(options);
  TfLiteXNNPackDelegateDelete(xnnpack);
  TfLiteXNNPackDelegateDelete(without_options);
  TfLiteXNNPackDelegateDelete((TfLiteDelegate*)foreign);
  TfLiteXNNPackDelegateDelete(NULL);
}

static void operators(const TfLiteModel* model) {
  int function;
  for (function = 0; function < 9; ++function) {
    TfLiteInterpreterOptions* options = reporting_options();
    switch (function) {
      case 0: TfLiteInterpreterOptionsAddOperator(options, NULL); break;
      case 1: TfLiteInterpreterOptionsAddBuiltinOp(options, kTfLiteBuiltinConv2d, NULL, 1, 1); break;
      case 2: TfLiteInterpreterOptionsAddCustomOp(options, "Mine", NULL, 1, 1); break;
      case 3: TfLiteInterpreterOptionsSetOpResolver(options, NULL, NULL, NULL); break;
      case 4: TfLiteInterpreterOptionsSetOpResolverV1(options, NULL, NULL, NULL); break;
      case 5: TfLiteInterpreterOptionsSetOpResolverV2(options, NULL, NULL, NULL); break;
      case 6: TfLiteInterpreterOptionsSetOpResolverV3(options, NULL, NULL, NULL); break;
      case 7: TfLiteInterpreterOptionsSetOpResolverExternal(options, NULL, NULL, NULL); break;
      default:
        TfLiteInterpreterOptionsSetOpResolverExternalWithFallback(options, NULL, NULL, NULL, NULL, NULL);
    }
    REPORTS(TfLiteInterpreterCreate(model, options) == NULL);
    TfLiteInterpreterOptionsDelete(options);
  }
  TfLiteInterpreterOptions* options = reporting_options();
  REPORTS(TfLiteInterpreterCreateWithSelectedOps(model, options) == NULL);
  REPORTS(TfLiteInterpreterCreate(NULL, options) == NULL);
  TfLiteInterpreterOptionsDelete(options);
}

static void wrong_indices(TfLiteInterpreter* interpreter) {
  static const int32_t wrong[] = {-1, 1000000, INT32_MIN, INT32_MAX};
  const int dims[] = {1, 8, 8, 3};
  TfLiteCustomAllocation allocation = {&reported, sizeof reported};
  TfLiteBufferHandle handle = 0;
  TfLiteOpaqueDelegate* delegate = NULL;
  size_t at;
  for (at = 0; at < sizeof wrong / sizeof wrong[0]; ++at) {
    int32_t index = wrong[at];
    CHECK(TfLiteInterpreterGetInputTensor(interpreter, index) == NULL);
    CHECK(TfLiteInterpreterGetOutputTensor(interpreter, index) == NULL);
    CHECK(TfLiteInterpreterGetTensor(interpreter, index) == NULL);
    CHECK(TfLiteInterpreterGetInputTensorIndex(interpreter, index) == -1);
    CHECK(TfLiteInterpreterGetOutputTensorIndex(interpreter, index) == -1);
    CHECK(TfLiteInterpreterGetSignatureKey(interpreter, index) == NULL);
    CHECK(TfLiteInterpreterGetVariableTensor(interpreter, index) == NULL);
    CHECK(TfLiteTensorDim(TfLiteInterpreterGetInputTensor(interpreter, 0), index) == -1);
    REPORTS(TfLiteInterpreterResizeInputTensor(interpreter, index, dims, 4) == kTfLiteError);
    REPORTS(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, index, &allocation, 0) == kTfLiteError);
    REPORTS(TfLiteInterpreterGetBufferHandle(interpreter, index, &handle, &delegate) == kTfLiteError);
    REPORTS(TfLiteInterpreterEnsureTensorDataIsReadable(interpreter, index) == kTfLiteError);
  }
}

static void wrong_arguments(TfLiteInterpreter* interpreter) {
  const int negative[] = {1, -8, 8, 3};
  const int huge[] = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
  TfLiteCustomAllocation nowhere = {NULL, 64}, crooked = {(char*)&reported + 1, 64};
  TfLiteBufferHandle handle = 0;
  TfLiteOpaqueDelegate* delegate = (TfLiteOpaqueDelegate*)&reported;
  int input = TfLiteInterpreterGetInputTensorIndex(interpreter, 0);
  CHECK(TfLiteInterpreterGetInputTensorCount(interpreter) == 1);
  CHECK(TfLiteInterpreterGetOutputTensorCount(interpreter) == 1);
  CHECK(TfLiteInterpreterInputTensorIndices(interpreter)[0] == input);
  CHECK(TfLiteInterpreterOutputTensorIndices(interpreter)[0] == TfLiteInterpreterGetOutputTensorIndex(interpreter, 0));
  CHECK(TfLiteInterpreterGetTensor(interpreter, input) == TfLiteInterpreterGetInputTensor(interpreter, 0));
  CHECK(TfLiteInterpreterResetVariableTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteInterpreterGetVariableTensorCount(interpreter) == 0);
  CHECK(TfLiteInterpreterEnsureTensorDataIsReadable(interpreter, input) == kTfLiteOk);
  CHECK(TfLiteInterpreterGetBufferHandle(interpreter, input, &handle, &delegate) == kTfLiteOk);
  CHECK(handle == kTfLiteNullBufferHandle && delegate == NULL);
  CHECK(TfLiteInterpreterGetBufferHandle(interpreter, input, NULL, NULL) == kTfLiteError);
  REPORTS(TfLiteInterpreterSetBufferHandle(interpreter, NULL, 7, NULL) == kTfLiteError);
  TfLiteSetAllowBufferHandleOutput(interpreter, true);
  REPORTS(TfLiteInterpreterResizeInputTensor(interpreter, 0, NULL, 4) == kTfLiteError);
  REPORTS(TfLiteInterpreterResizeInputTensor(interpreter, 0, negative, 4) == kTfLiteError);
  REPORTS(TfLiteInterpreterResizeInputTensor(interpreter, 0, negative, -4) == kTfLiteError);
  REPORTS(TfLiteInterpreterResizeInputTensor(interpreter, 0, huge, 4) == kTfLiteError);
  REPORTS(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, input, NULL, 0) == kTfLiteError);
  REPORTS(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, input, &nowhere, 0) == kTfLiteError);
  REPORTS(TfLiteInterpreterSetCustomAllocationForTensor(interpreter, input, &crooked, 0) == kTfLiteError);
  REPORTS(TfLiteInterpreterCancel(interpreter) == kTfLiteError); /* not enabled */
  REPORTS(TfLiteInterpreterGetSignatureRunner(interpreter, "no such key") == NULL);
}

static void wrong_order(TfLiteInterpreter* interpreter) {
  TfLiteTensor* input = TfLiteInterpreterGetInputTensor(interpreter, 0);
  const TfLiteTensor* output = TfLiteInterpreterGetOutputTensor(interpreter, 0);
  size_t size = TfLiteTensorByteSize(input), output_size = TfLiteTensorByteSize(output);
  unsigned char* bytes = calloc(1, size + output_size);
  CHECK(TfLiteTensorData(input) == NULL && TfLiteTensorData(output) == NULL);
  CHECK(TfLiteTensorCopyFromBuffer(input, bytes, size) == kTfLiteError);
  CHECK(TfLiteTensorCopyToBuffer(output, bytes, output_size) == kTfLiteError);
  REPORTS(TfLiteInterpreterInvoke(interpreter) == kTfLiteError);

  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteTensorCopyFromBuffer(input, bytes, size - 1) == kTfLiteError);
  CHECK(TfLiteTensorCopyFromBuffer(input, NULL, size) == kTfLiteError);
  CHECK(TfLiteTensorCopyFromBuffer(input, bytes, size) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
  CHECK(TfLiteTensorCopyToBuffer(output, bytes, output_size + 1) == kTfLiteError);
  CHECK(TfLiteTensorCopyToBuffer(output, NULL, output_size) == kTfLiteError);
  CHECK(TfLiteTensorCopyToBuffer(output, bytes, output_size) == kTfLiteOk);
  CHECK(TfLiteTensorName(input) != NULL && TfLiteTensorType(input) != kTfLiteNoType);
  CHECK(TfLiteTensorNumDims(input) == 4 && TfLiteTensorDim(input, 3) == 3);
  CHECK(TfLiteTensorQuantizationParams(input).scale > 0);

  /* The same dimensions change nothing; others want an allocation first. */
  int dims[] = {1, TfLiteTensorDim(input, 1), TfLiteTensorDim(input, 2), 3};
  CHECK(TfLiteInterpreterResizeInputTensor(interpreter, 0, dims, 4) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
  dims[0] = 2;
  CHECK(TfLiteInterpreterResizeInputTensor(interpreter, 0, dims, 4) == kTfLiteOk);
  CHECK(TfLiteTensorData(input) == NULL && TfLiteTensorByteSize(input) == 2 * size);
  REPORTS(TfLiteInterpreterInvoke(interpreter) == kTfLiteError);
  /* Operators refuse what they cannot take when tensors are allocated, and then all is as before. */
  CHECK(TfLiteInterpreterResizeInputTensor(interpreter, 0, dims, 1) == kTfLiteOk);
  REPORTS(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteError);
  REPORTS(TfLiteInterpreterInvoke(interpreter) == kTfLiteError);
  dims[0] = 1;
  CHECK(TfLiteInterpreterResizeInputTensor(interpreter, 0, dims, 4) == kTfLiteOk);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
  CHECK(input == TfLiteInterpreterGetInputTensor(interpreter, 0));
  free(bytes);
}

/* Constants show their bytes and cannot be written; tensors in between have none. */
static void other_tensors(TfLiteInterpreter* interpreter) {
  int index, constants = 0;
  TfLiteTensor* tensor;
  for (index = 0; (tensor = TfLiteInterpreterGetTensor(interpreter, index)) != NULL; ++index) {
    size_t size = TfLiteTensorByteSize(tensor);
    if (tensor->allocation_type == kTfLiteMmapRo && tensor->data.data != NULL) {
      unsigned char* bytes = malloc(size + 1);
      ++constants;
      CHECK(TfLiteTensorCopyToBuffer(tensor, bytes, size) == kTfLiteOk);
      CHECK(TfLiteTensorCopyFromBuffer(tensor, bytes, size) == kTfLiteError);
      free(bytes);
    }
    CHECK(tensor->dims->size == TfLiteTensorNumDims(tensor));
    CHECK(tensor->dims_signature->size == tensor->dims->size);
    if (tensor->quantization.type == kTfLiteAffineQuantization) {
      const TfLiteAffineQuantization* affine = tensor->quantization.params;
      CHECK(affine->scale->size == affine->zero_point->size && affine->scale->size > 0);
      CHECK(affine->scale->size > 1 || affine->scale->data[0] == tensor->params.scale);
    }
  }
  CHECK(index > 10 && constants > 0);
}

int main(int count, char** arguments) {
  if (count != 2) {
    return 2;
  }
  versions();
  models_without_bytes();
  null_options();
  null_interpreters();
  null_runners();
  null_tensors();

  TfLiteModel* model = TfLiteModelCreateFromFile(arguments[1]);
  delegates(model);
  operators(model);
  TfLiteInterpreterOptions* options = reporting_options();
  REPORTS((TfLiteInterpreterOptionsSetNumThreads(options, -2), true));
  TfLiteInterpreter* interpreter = TfLiteInterpreterCreate(model, options);
  TfLiteInterpreterOptionsDelete(options);
  TfLiteModelDelete(model);
  wrong_indices(interpreter);
  wrong_arguments(interpreter);
  wrong_order(interpreter);
  wrong_indices(interpreter);
  other_tensors(interpreter);
  TfLiteInterpreterDelete(interpreter);
  return finish("symbols");
}
