// A CUDA device that has no hardware, for a torch that was built without CUDA. Tensors on it have no memory: torch's fake
// tensors only need a device guard, hooks that say that CUDA and cuDNN are there, and generators of random numbers.
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/GeneratorImpl.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/TensorImpl.h>

namespace {

const c10::Device DEVICE(c10::DeviceType::CUDA, 0);

// Never drawn from: it only has a device and a seed.
struct Seeded final : c10::GeneratorImpl {
    uint64_t number = c10::default_rng_seed_val;
    Seeded() : c10::GeneratorImpl(DEVICE, c10::DispatchKeySet(c10::DispatchKey::CUDA)) {}
    void set_current_seed(uint64_t seed) override { number = seed; }
    uint64_t current_seed() const override { return number; }
    uint64_t seed() override { return number; }
    void set_offset(uint64_t) override {}
    uint64_t get_offset() const override { return 0; }
    void set_state(const c10::TensorImpl&) override {}
    c10::intrusive_ptr<c10::TensorImpl> get_state() const override { TORCH_CHECK(false, "a generator without state"); }
    GeneratorImpl* clone_impl() const override { return new Seeded(); }
};

struct Guard final : c10::impl::NoOpDeviceGuardImpl<c10::DeviceType::CUDA> {
    c10::Device exchangeDevice(c10::Device) const override { return DEVICE; }
    c10::Device getDevice() const override { return DEVICE; }
    c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, DEVICE); }
    c10::Stream exchangeStream(c10::Stream) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, DEVICE); }
};

struct Hooks final : at::CUDAHooksInterface {
    explicit Hooks(at::CUDAHooksArgs) {}
    void init() const override {}
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasCUDA() const override { return true; }
    bool hasCUDART() const override { return true; }
    bool hasCuDNN() const override { return true; }
    bool compiledWithCuDNN() const override { return true; }
    bool supportsDepthwiseConvolutionWithCuDNN() const override { return true; }
    bool supportsBFloat16ConvolutionWithCuDNNv8() const override { return true; }
    long versionCuDNN() const override { return 91900; }
    double batchnormMinEpsilonCuDNN() const override { return 0.0; }
    long versionRuntimeCuDNN() const override { return 91900; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    c10::DeviceIndex deviceCount() const override { return 1; }
    int getNumGPUs() const override { return 1; }
    c10::DeviceIndex current_device() const override { return 0; }
    c10::DeviceIndex getCurrentDevice() const override { return 0; }
    void setCurrentDevice(c10::DeviceIndex) const override {}
    c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
    c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
    at::Generator getNewGenerator(c10::DeviceIndex) const override { return at::make_generator<Seeded>(); }
    const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
        static const at::Generator only = at::make_generator<Seeded>();
        return only;
    }
};

}  // namespace

namespace at {
C10_REGISTER_CLASS(CUDAHooksRegistry, CUDAHooks, Hooks)
}

// 1 if torch now believes that it has CUDA; hooks that were asked for before this library was loaded stay as they were.
extern "C" int install() {
    c10::impl::device_guard_impl_registry[static_cast<size_t>(c10::DeviceType::CUDA)].store(new Guard());
    return at::detail::getCUDAHooks().hasCUDA();
}
