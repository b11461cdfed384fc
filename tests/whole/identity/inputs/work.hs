-- SPDX-License-Identifier: Apache-2.0
-- work.hs: sums and a logistic map in both types.
import Numeric (showFFloat)
import qualified Data.Map as M

logistic :: Double -> Double
logistic x = 3.9 * x * (1 - x)

main :: IO ()
main = do
  mapM_ print (take 10 (drop 500 (iterate logistic 0.4)))
  print (sum [sqrt (fromIntegral i) * sin (fromIntegral i) | i <- [1 .. 20000 :: Int]] :: Double)
  print (foldl (+) 0 [1 / fromIntegral i | i <- [1 .. 5000 :: Int]] :: Float)
  putStrLn (showFFloat (Just 12) (exp 1.25 ** 0.3 :: Double) "")
  print (M.foldr (+) 0 (M.fromList [(i, fromIntegral i * 0.1) | i <- [1 .. 1000 :: Int]]) :: Double)
