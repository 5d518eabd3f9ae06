#include "common/base/hash.h"

#include "tests/support/catch.h"

using namespace skerry;

TEST_CASE("Hash: a digest is the first half of SHA-256", "[base]") {
  const Sha256 whole = sha256("abc");  // FIPS 180-2, appendix B.1
  CHECK(to_hex({reinterpret_cast<const char*>(whole.data()), whole.size()}) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223");
}

TEST_CASE("Hash: raw bytes of a wrong length give the zero digest", "[base]") {
  CHECK(digest_from_bytes(digest("abc").view()) == digest("abc"));
  CHECK(digest_from_bytes("short") == Digest{});
}
