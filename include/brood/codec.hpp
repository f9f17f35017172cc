#pragma once

// Values to bytes and back: brood::OutputArchive and brood::InputArchive for a type's serialize(),
// and what encodes arguments and results with them.
#include <brood/detail/codec_archive.hpp>
#include <brood/detail/codec_pointers.hpp>
#include <brood/detail/contiguous.hpp>
#include <brood/detail/encode.hpp>
#include <brood/detail/hash_tables.hpp>
