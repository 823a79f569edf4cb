/*
 * The functions of ottava.h.
 *
 *   native MODEL INPUT.npy OUTPUT.npy FOLDER      FOLDER is empty and to be written to
 */
#include "check.h"
#include "ottava.h"

static const unsigned char *input, *golden;
static size_t input_bytes, golden_bytes;

/* Runs an interpreter on the input and deletes it. */
static void check_interpreter(TfLiteInterpreter* interpreter) {
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteTensorCopyFromBuffer(TfLiteInterpreterGetInputTensor(interpreter, 0), input, input_bytes) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
  CHECK(memcmp(TfLiteTensorData(TfLiteInterpreterGetOutputTensor(interpreter, 0)), golden, golden_bytes) == 0);
  TfLiteInterpreterDelete(interpreter);
}

static void nulls(void) {
  CHECK(strchr(OttavaVersion(), '.') != NULL);
  CHECK(OttavaInterpreterOptionsSetIsa(NULL, "scalar") == kTfLiteError);
  CHECK(OttavaInterpreterOptionsSetCache(NULL, "/", 0) == kTfLiteError);
  CHECK(OttavaPlanCreate(NULL, NULL) == NULL && OttavaPlanCreateInterpreter(NULL) == NULL);
  CHECK(OttavaPlanThreads(NULL) == 0 && OttavaPlanPackedWeightBytes(NULL) == 0 && OttavaPlanArenaBytes(NULL) == 0);
  CHECK(OttavaPlanSave(NULL, "x") == kTfLiteError && OttavaModelCheckPacked(NULL) == kTfLiteError);
  OttavaPlanDelete(NULL);
  OttavaCancelCancel(NULL);
  OttavaCancelDelete(NULL);
  CHECK(OttavaInterpreterInvokeWith(NULL, NULL) == kTfLiteError);
  CHECK(OttavaSessionProfileLayerCount(NULL) == 0 && OttavaSessionProfileTotalNanoseconds(NULL) == 0);
  CHECK(OttavaSessionProfileLayerName(NULL, 0) == NULL && OttavaSessionProfileLayerKernel(NULL, 0) == NULL);
  CHECK(OttavaSessionProfileLayerIsa(NULL, 0) == NULL && OttavaSessionProfileLayerMacs(NULL, 0) == 0);
  CHECK(OttavaSessionProfileLayerNanoseconds(NULL, 0) == 0 && OttavaSessionProfileLayerBusyNanoseconds(NULL, 0) == 0);
}

static void profile(const OttavaPlan* plan) {
  TfLiteInterpreter* interpreter = OttavaPlanCreateInterpreter(plan);
  CHECK(OttavaSessionProfileLayerCount(interpreter) == 0); /* not allocated */
  CHECK(OttavaSessionProfileLayerName(interpreter, 0) == NULL);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(TfLiteInterpreterInvoke(interpreter) == kTfLiteOk);
  size_t count = OttavaSessionProfileLayerCount(interpreter), layer;
  uint64_t macs = 0, nanoseconds = 0;
  CHECK(count > 10);
  for (layer = 0; layer < count; ++layer) {
    CHECK(strchr(OttavaSessionProfileLayerName(interpreter, layer), '#') != NULL);
    CHECK(OttavaSessionProfileLayerKernel(interpreter, layer)[0] != '\0');
    CHECK(OttavaSessionProfileLayerIsa(interpreter, layer) != NULL);
    macs += OttavaSessionProfileLayerMacs(interpreter, layer);
    nanoseconds += OttavaSessionProfileLayerNanoseconds(interpreter, layer);
    CHECK(OttavaSessionProfileLayerBusyNanoseconds(interpreter, layer) <=
          OttavaPlanThreads(plan) * OttavaSessionProfileLayerNanoseconds(interpreter, layer));
  }
  CHECK(macs > 1000000 && nanoseconds > 0 && nanoseconds <= OttavaSessionProfileTotalNanoseconds(interpreter));
  CHECK(OttavaSessionProfileLayerName(interpreter, count) == NULL);
  CHECK(OttavaSessionProfileLayerMacs(interpreter, count) == 0);
  TfLiteInterpreterDelete(interpreter);
}

static void cancelling(const OttavaPlan* plan) {
  TfLiteInterpreter* interpreter = OttavaPlanCreateInterpreter(plan);
  OttavaCancel* cancel = OttavaCancelCreate();
  OttavaCancel* late = OttavaCancelCreateWithTimeout(0);
  OttavaCancel* never = OttavaCancelCreateWithTimeout(UINT64_MAX);
  CHECK(TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk);
  CHECK(OttavaInterpreterInvokeWith(interpreter, NULL) == kTfLiteError);
  CHECK(OttavaInterpreterInvokeWith(interpreter, cancel) == kTfLiteOk);
  CHECK(OttavaInterpreterInvokeWith(interpreter, never) == kTfLiteOk);
  CHECK(OttavaInterpreterInvokeWith(interpreter, late) == kTfLiteCancelled);
  OttavaCancelCancel(cancel);
  CHECK(OttavaInterpreterInvokeWith(interpreter, cancel) == kTfLiteCancelled);
  OttavaCancelDelete(cancel);
  OttavaCancelDelete(late);
  OttavaCancelDelete(never);
  check_interpreter(interpreter);
}

static void packed(const OttavaPlan* plan, const char* folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/model.ottava", folder);
  CHECK(OttavaPlanSave(plan, NULL) == kTfLiteError);
  CHECK(OttavaPlanSave(plan, "/no/such/folder/model.ottava") == kTfLiteError);
  CHECK(OttavaPlanSave(plan, path) == kTfLiteOk);
  TfLiteModel* model = TfLiteModelCreateFromFile(path);
  CHECK(OttavaModelCheckPacked(model) == kTfLiteOk);
  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, 1);
  check_interpreter(TfLiteInterpreterCreate(model, options));
  TfLiteInterpreterOptionsDelete(options);
  TfLiteModelDelete(model);
}

int main(int count, char** arguments) {
  size_t input_size, output_size;
  if (count != 5) {
    return 2;
  }
  unsigned char* input_file = read_file(arguments[2], &input_size);
  unsigned char* output_file = read_file(arguments[3], &output_size);
  input = elements(input_file, input_size, &input_bytes);
  golden = elements(output_file, output_size, &golden_bytes);
  nulls();

  TfLiteModel* model = TfLiteModelCreateFromFile(arguments[1]);
  CHECK(OttavaModelCheckPacked(model) == kTfLiteOk);
  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, 2);
  CHECK(OttavaInterpreterOptionsSetIsa(options, "no such set") == kTfLiteError);
  CHECK(OttavaInterpreterOptionsSetIsa(options, "scalar") == kTfLiteOk);
  CHECK(OttavaInterpreterOptionsSetIsa(options, NULL) == kTfLiteOk);
  CHECK(OttavaInterpreterOptionsSetCache(options, arguments[4], 0) == kTfLiteOk);
  OttavaPlan* plan = OttavaPlanCreate(model, options);
  TfLiteInterpreterOptionsDelete(options);
  TfLiteModelDelete(model);
  CHECK(OttavaPlanThreads(plan) == 2 && OttavaPlanPackedWeightBytes(plan) > 0 && OttavaPlanArenaBytes(plan) > 0);
  TfLiteInterpreter* first = OttavaPlanCreateInterpreter(plan);
  profile(plan);
  cancelling(plan);
  packed(plan, arguments[4]);
  OttavaPlanDelete(plan);
  check_interpreter(first);
  free(input_file);
  free(output_file);
  return finish("native");
}
