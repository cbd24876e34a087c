// Reads ten digits from C++17: the model as an object that owns its scratch memory.  Several threads
// may have one each.
#include <algorithm>
#include <array>
#include <cstddef>
#include <iostream>
#include <stdexcept>
#include <string>
#include "digits.h"
#include "ten.h"

class Digits {
public:
    using Image = std::array<float, DIGITS_INPUT_IMAGE_ELEMENTS>;
    using Logits = std::array<float, DIGITS_OUTPUT_LOGITS_ELEMENTS>;

    Logits operator()(const Image &image)
    {
        Logits logits;
        const digits_inputs in{image.data()};
        const digits_outputs out{logits.data()};
        if (const int code = digits_run(&in, &out, scratch_.data(), scratch_.size()))
            throw std::runtime_error("digits_run: code " + std::to_string(code));
        return logits;
    }

private:
    alignas(DIGITS_SCRATCH_ALIGN) std::array<std::byte, DIGITS_SCRATCH_BYTES> scratch_;
};

int main()
{
    Digits digits;
    std::cout << "level " << digits_isa() << ", answers:";
    for (const auto &pixels : ten_digits) {
        Digits::Image image;
        std::transform(std::begin(pixels), std::end(pixels), image.begin(),
                       [](unsigned char p) { return p / float(TEN_BRIGHTEST); });
        const auto logits = digits(image);
        std::cout << ' ' << std::max_element(logits.begin(), logits.end()) - logits.begin();
    }
    std::cout << '\n';
}
