#pragma once

// Turns values into bytes and back: brood::OutputArchive and brood::InputArchive, which a type's
// serialize() is called with, and the functions that encode arguments and results.
#include <brood/detail/codec_archive.hpp>
#include <brood/detail/codec_pointers.hpp>
#include <brood/detail/contiguous.hpp>
#include <brood/detail/encode.hpp>
#include <brood/detail/hash_tables.hpp>
